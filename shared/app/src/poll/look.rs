//! One account's looks: the recurring one at all of its marketplaces, and those that are done once.
//! A look goes page by page; its place is stored after each page's orders are safely signalled, so a
//! restart in the middle loses nothing.

mod page;
mod run;

use jiff::SignedDuration;
use weir_channels::{
    ChannelError,
    channel::{Call, Grant, Operation, Orders, Page, Search},
};
use weir_domain::{
    Timestamp,
    connection::Connection,
    ids::{AccountId, OrganizationId},
    limits::OVERLAP,
};

use super::Ticked;
use crate::{
    call::{self, Asking, CallError},
    connections,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    planted::{self, Bug},
    ports::{
        Commit, CommitError, Expect, Key, Record,
        ledger::{Look, PageMark, PollState},
    },
};

/// Pages that one tick reads of one account: what fits into a minute.
const PAGES_A_TICK: usize = 12;

/// Tokens that are kept for the further pages of a look, so that a burst of orders comes in at once.
const KEPT_FOR_PAGES: u32 = 10;

/// Tokens that a look done once leaves to the recurring one: a long backfill starves no minute's check.
const KEPT_FOR_MAIN: u32 = 5;

/// What a search answers for is at least this old, where the channel does not say until when.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// What the looks of one account are made with.
struct Looking<'a> {
    organization: &'a OrganizationId,
    account: &'a AccountId,
    /// The active connections; the first makes the calls.
    connections: &'a [Connection],
    /// The version of the first.
    version: u64,
    orders: &'static dyn Orders,
    operation: Operation,
}

/// Which look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Main,
    Once(usize),
}

/// Goes on with an account's looks as far as its rate limit allows.
///
/// Which connections are at work is read after the state of the looks, for each page: one that goes to
/// work writes that state too, so a search without it cannot move the cursor past its orders.
pub(super) async fn account(
    hub: &Hub,
    organization: &OrganizationId,
    account: &AccountId,
    ticked: &mut Ticked,
) -> Result<(), FlowError> {
    let mut main_is_done = false;
    for _ in 0..PAGES_A_TICK {
        let stored = load(hub, organization, account).await?;
        let (versions, all): (Vec<u64>, Vec<Connection>) = super::active(hub, organization, account)
            .await?
            .into_iter()
            .map(|(connection, version)| (version, connection))
            .unzip();
        let (Some(first), Some(version)) = (all.first(), versions.first()) else { return Ok(()) };
        let channel = call::channel(first).map_err(|error| FlowError::new(error.to_string()))?;
        let Some(orders) = channel.orders else { return Ok(()) };
        let operation = orders.search_operation(first);
        let looking =
            Looking { organization, account, connections: &all, version: *version, orders, operation };
        let (state, expect) = stored.unwrap_or_else(|| (first_state(hub, &looking), Expect::Absent));
        let Some(which) = next(&state, &looking, main_is_done) else { return Ok(()) };
        let found = match search(hub, &looking, &state, which).await {
            Ok(found) => found,
            Err(CallError::OutOfTokens { .. }) if which == Which::Main && !state.once.is_empty() => {
                main_is_done = true;
                continue;
            }
            Err(CallError::OutOfTokens { .. }) => return Ok(()),
            Err(error) => return refused(hub, &looking, state, (which, expect), error, ticked).await,
        };
        ticked.pages += 1;
        let is_over = found.page.next.is_none();
        let advanced = advance(hub, &state, which, &found);
        if planted::is(Bug::CursorBeforeSignal) {
            store(hub, &looking, &advanced, expect, Commit::default()).await?;
        }
        let job = match &look(&state, which).run {
            Some(of_run) => run::job(hub, organization, of_run).await?,
            None => None,
        };
        let counts = page::signal(hub, &looking, (look(&state, which), job), &found.page).await?;
        ticked.signalled += counts.signalled;
        let mut commit = Commit::default();
        if let Some(of_run) = &look(&state, which).run {
            run::write_page(hub, organization, of_run, &counts.of_run(), is_over, &mut commit).await?;
        }
        if !planted::is(Bug::CursorBeforeSignal) && !store(hub, &looking, &advanced, expect, commit).await? {
            continue;
        }
        main_is_done |= which == Which::Main && is_over;
    }
    Ok(())
}

/// The state of an account's looks, if they ever began.
async fn load(
    hub: &Hub,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<Option<(PollState, Expect)>, FlowError> {
    let key = Key::Poll(organization.clone(), account.clone());
    let found = hub.get(Site::PollRead, std::slice::from_ref(&key)).await?;
    Ok(found.into_values().next().and_then(|stored| match stored.record {
        Record::Poll(state) => Some((state, Expect::Version(stored.version))),
        _ => None,
    }))
}

/// Looks begin when the account's first connection was activated.
fn first_state(hub: &Hub, looking: &Looking<'_>) -> PollState {
    let activated = looking.connections.iter().filter_map(|connection| connection.first_activated_at).min();
    let cursor = activated.unwrap_or_else(|| hub.now());
    let main =
        Look { connections: Vec::new(), cursor, page: None, looked_at: None, answered_at: None, run: None };
    PollState { main, once: Vec::new() }
}

fn look(state: &PollState, which: Which) -> &Look {
    match which {
        Which::Main => &state.main,
        Which::Once(position) => &state.once[position],
    }
}

/// Which look goes on: one in the middle of its pages before one that begins, the recurring one
/// before those done once.
fn next(state: &PollState, looking: &Looking<'_>, main_is_done: bool) -> Option<Which> {
    let can_go_on = |look: &Look| !of_look(looking, look).is_empty();
    if !main_is_done {
        return Some(Which::Main);
    }
    let in_the_middle = state.once.iter().position(|look| look.page.is_some() && can_go_on(look));
    in_the_middle.or_else(|| state.once.iter().position(can_go_on)).map(Which::Once)
}

/// The active connections that a look is about.
fn of_look<'a>(looking: &Looking<'a>, look: &Look) -> Vec<&'a Connection> {
    let is_meant =
        |connection: &&Connection| look.connections.is_empty() || look.connections.contains(&connection.id);
    looking.connections.iter().filter(is_meant).collect()
}

/// A page, and how its search was begun.
struct Found {
    page: Page,
    marketplaces: Vec<String>,
    until: Timestamp,
}

/// Asks for the next page of a look.
async fn search(
    hub: &Hub,
    looking: &Looking<'_>,
    state: &PollState,
    which: Which,
) -> Result<Found, CallError> {
    let look = look(state, which);
    let marketplaces = match &look.page {
        Some(mark) => mark.marketplaces.clone(),
        None => of_look(looking, look)
            .iter()
            .filter_map(|connection| connection.remote.marketplace.clone())
            .collect(),
    };
    let overlap = if planted::is(Bug::NoOverlap) { SignedDuration::ZERO } else { OVERLAP };
    let from = look.cursor.saturating_sub(overlap).unwrap_or(look.cursor);
    let connection = &looking.connections[0];
    let asking = Asking {
        site: Site::PollSearch,
        organization: looking.organization,
        connection,
        operation: looking.operation,
        keep_back: keep_back(hub, looking, state, which),
        grant: Grant::Merchant,
    };
    let token_of_page = look.page.as_ref().map(|mark| mark.token.as_str());
    let search = Search { from, marketplaces: &marketplaces, page: token_of_page };
    let began_at = hub.now();
    let page = call::ask(
        hub,
        asking,
        |token| looking.orders.search(Call { connection, token }, &search),
        |response| looking.orders.page_of(connection, &search, response),
    )
    .await?;
    let settled = began_at.saturating_sub(SETTLED_AFTER).unwrap_or(began_at);
    // No search can be complete up to a time to come, whatever it says.
    let said = page.until.unwrap_or(settled).min(began_at);
    let until = look.page.as_ref().map_or(said, |mark| mark.until);
    Ok(Found { page, marketplaces, until })
}

/// Tokens that the next call of a look leaves. The recurring look takes what it needs for its further
/// pages, and begins each minute as long as there is plenty; else as often as tokens come back, or
/// half as often while a look done once goes on.
fn keep_back(hub: &Hub, looking: &Looking<'_>, state: &PollState, which: Which) -> u32 {
    match which {
        Which::Once(_) => KEPT_FOR_MAIN,
        Which::Main if state.main.page.is_some() => 0,
        Which::Main => {
            let share: i32 = if state.once.is_empty() { 1 } else { 2 };
            let refill = SignedDuration::try_from(looking.operation.refill).unwrap_or(SignedDuration::ZERO);
            let is_due = state.main.looked_at.is_none_or(|at| {
                hub.clock.scheduler_now().duration_since(at) >= refill.saturating_mul(share)
            });
            if is_due { 0 } else { KEPT_FOR_PAGES }
        }
    }
}

/// The state after a page.
fn advance(hub: &Hub, state: &PollState, which: Which, found: &Found) -> PollState {
    let mut state = state.clone();
    let look = match which {
        Which::Main => &mut state.main,
        Which::Once(position) => &mut state.once[position],
    };
    if look.page.is_none() {
        look.looked_at = Some(hub.clock.scheduler_now());
    }
    look.answered_at = Some(hub.now());
    match &found.page.next {
        Some(token) if !is_cut_short(which) => {
            let marketplaces = found.marketplaces.clone();
            look.page = Some(PageMark { token: token.clone(), marketplaces, until: found.until });
        }
        Some(_) | None => {
            look.page = None;
            look.cursor = look.cursor.max(found.until);
            if let Which::Once(position) = which {
                state.once.remove(position);
            }
        }
    }
    state
}

/// Whether a search ends with its first page. (The bug bench plants the ways in which others do that.)
fn is_cut_short(which: Which) -> bool {
    let is_done_once = matches!(which, Which::Once(_));
    planted::is(Bug::FirstPageOnly) || (is_done_once && planted::is(Bug::OnePageOfOpen))
}

/// Stores the state, with whatever else changes with it. `false`: another tick was quicker, so it is read again; what was signalled
/// twice is imported once.
async fn store(
    hub: &Hub,
    looking: &Looking<'_>,
    state: &PollState,
    expect: Expect,
    mut commit: Commit,
) -> Result<bool, FlowError> {
    let key = Key::Poll(looking.organization.clone(), looking.account.clone());
    commit.put(key, Record::Poll(state.clone()), expect);
    match hub.commit(Site::PollAdvance, &commit).await {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict) => Ok(false),
        Err(error @ (CommitError::Unknown(_) | CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
            Err(error.into())
        }
    }
}

/// A search that was refused: an expired page begins the look again, refused credentials are said on
/// the connections, and all else is tried again by the next tick.
///
/// # Errors
/// If something of Weir's own is the matter. A channel's trouble is none of the tick's.
async fn refused(
    hub: &Hub,
    looking: &Looking<'_>,
    mut state: PollState,
    (which, expect): (Which, Expect),
    error: CallError,
    ticked: &mut Ticked,
) -> Result<(), FlowError> {
    // A further page that is refused may have expired in other words.
    let is_further = look(&state, which).page.is_some();
    let begins_again = match &error {
        CallError::Channel(ChannelError::PageExpired) => true,
        CallError::Channel(ChannelError::Refused(_)) => is_further,
        CallError::Channel(_) | CallError::OutOfTokens { .. } | CallError::Trouble(_) | CallError::Own(_) => {
            false
        }
    };
    if begins_again {
        match which {
            Which::Main => state.main.page = None,
            Which::Once(position) => state.once[position].page = None,
        }
        store(hub, looking, &state, expect, Commit::default()).await?;
        return Ok(());
    }
    if error.needs_attention() {
        let (connection, code) = ((&looking.connections[0], looking.version), error.reason());
        connections::needs_attention(hub, looking.organization, connection, code, &error.to_string()).await?;
        return Ok(());
    }
    if let CallError::Channel(ChannelError::Throttled { .. }) = error {
        return Ok(());
    }
    if let CallError::Own(cause) = error {
        return Err(FlowError::new(cause));
    }
    let (organization, account) = (looking.organization, looking.account);
    tracing::warn!(%organization, %account, %error, "a channel did not answer a search");
    ticked.errors += 1;
    Ok(())
}
