//! The frame of every page: the way around, the title, and how words, times and amounts look.

use maud::{DOCTYPE, Markup, html};
use weir_domain::{Decimal, Timestamp, money::Currency, outcome::OutcomeKind, sales_order::OrderStatus};

use super::assets;

/// A place in the side bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Orders,
    Attention,
    Search,
    Inventory,
    Connections,
    DeadLetters,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::Overview,
        Self::Orders,
        Self::Attention,
        Self::Search,
        Self::Inventory,
        Self::Connections,
        Self::DeadLetters,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Orders => "/orders",
            Self::Attention => "/attention",
            Self::Search => "/why",
            Self::Inventory => "/inventory",
            Self::Connections => "/connections",
            Self::DeadLetters => "/dead-letters",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Orders => "Orders",
            Self::Attention => "Needs attention",
            Self::Search => "Why not?",
            Self::Inventory => "Inventory",
            Self::Connections => "Connections",
            Self::DeadLetters => "Dead letters",
        }
    }
}

/// What every page shows of where it is.
pub(super) struct Frame {
    pub(super) organization: String,
    pub(super) place: Place,
    /// A line of a detail page that is no place of its own.
    pub(super) title: Option<String>,
}

/// A page within the frame.
pub(super) fn page(frame: &Frame, content: &Markup) -> Markup {
    let title = frame.title.as_deref().unwrap_or(frame.place.title());
    let heading = match frame.place {
        Place::Search => "Why did an order not import?",
        Place::Overview
        | Place::Orders
        | Place::Attention
        | Place::Inventory
        | Place::Connections
        | Place::DeadLetters => title,
    };
    document(
        title,
        "",
        &html! {
            a.skip href="#main" { "Skip to the content" }
            nav.side aria-label="Main" {
                div.brand { "Weir" }
                div.org { (frame.organization) }
                @for place in Place::ALL {
                    a.item href=(place.path()) aria-current=[(place == frame.place).then_some("page")] { (place.title()) }
                }
                form method="post" action="/sign-out" { button.quiet type="submit" { "Sign out" } }
            }
            main #main {
                h1 { (heading) }
                (content)
            }
        },
    )
}

/// A page without the frame.
pub(super) fn alone(title: &str, content: &Markup) -> Markup {
    document(title, "alone", &html! { main.sign-in #main { (content) } })
}

fn document(title: &str, class: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // htmx adds no inline style and evaluates no text, so that the content policy can forbid both.
                meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}"#;
                title { (title) " · Weir" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(assets::STYLE_PATH);
                script src=(assets::HTMX_PATH) defer {}
            }
            body class=(class) { (body) }
        }
    }
}

/// A moment, in UTC, short; the whole of it as a tooltip.
pub(super) fn time(at: Timestamp) -> Markup {
    let whole = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    html! { time datetime=(whole) title=(whole) { (at.strftime("%d %b %H:%M:%S").to_string()) } }
}

/// An amount with its currency, or what is said when it is not known.
pub(super) fn amount(amount: Option<Decimal>, currency: Option<Currency>) -> Markup {
    match (amount, currency) {
        (Some(amount), Some(currency)) => {
            let digits = usize::try_from(currency.minor_digits()).unwrap_or(2);
            html! { (format!("{amount:.digits$}")) " " span.muted { (currency.code()) } }
        }
        (Some(amount), None) => html! { (amount) },
        (None, _) => html! { span.muted { "unknown" } },
    }
}

/// An order's status.
pub(super) fn status(status: OrderStatus) -> Markup {
    let (class, words) = match status {
        OrderStatus::NotShipped => ("chip", "not shipped"),
        OrderStatus::Packed => ("chip", "packed"),
        OrderStatus::PartiallyDelivered => ("chip warn", "partially delivered"),
        OrderStatus::Delivered => ("chip good", "delivered"),
    };
    html! { span class=(class) { (words) } }
}

/// A kind of outcome.
pub(super) fn kind(kind: OutcomeKind) -> Markup {
    let class = match kind {
        OutcomeKind::Imported | OutcomeKind::Updated => "chip good",
        OutcomeKind::Unchanged | OutcomeKind::Skipped => "chip",
        OutcomeKind::Waiting => "chip warn",
        OutcomeKind::Failed => "chip bad",
    };
    html! { span class=(class) { (kind.as_str()) } }
}

/// The way to the next part of a list.
pub(super) fn next_page(path: &str, query: &[(&str, &str)], next: Option<&str>) -> Markup {
    let Some(next) = next else { return html! {} };
    let mut pairs = url_pairs(query);
    pairs.push(format!("cursor={}", escape(next)));
    html! { nav.pages aria-label="Pages" { a href=(format!("{path}?{}", pairs.join("&"))) { "Older →" } } }
}

fn url_pairs(query: &[(&str, &str)]) -> Vec<String> {
    query
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect()
}

/// A text as a part of a path or query.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
