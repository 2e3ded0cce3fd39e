//! "Why did order X not import?" in one search. (SPEC G-03)

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use weir_app::{
    gate::Site,
    ports::{Key, Record},
};
use weir_domain::{
    ids::{ChannelOrderId, SalesOrderId},
    outcome::Observation,
};

use super::{PageError, connection_list, frame, layout, order};
use crate::{Console, auth::Viewer};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

pub(super) async fn page(
    State(console): State<Console>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Markup, PageError> {
    let number = asked.q.trim();
    let frame = frame(&console.hub, &viewer, layout::Place::Search, None).await?;
    let found = if number.is_empty() { Vec::new() } else { find(&console, &viewer, number).await? };
    let mut answers = Vec::new();
    for (connection, observation) in &found {
        let id = SalesOrderId::for_source(&observation.connection, &observation.channel_order_id);
        let timeline = order::timeline(&console, &viewer, &id).await?;
        answers.push(answer(connection, observation, &order::history(&timeline)));
    }
    let content = html! {
        form.row method="get" action="/why" role="search" {
            label { "Order number" br; input type="search" name="q" value=(number) autocomplete="off" autofocus; }
            button type="submit" { "Find out" }
        }
        @if !number.is_empty() && answers.is_empty() {
            div.notice {
                "No channel has shown an order " b { (number) } " to Weir. If the channel has it, ask for it under "
                a href="/attention" { "Needs attention" } "."
            }
        }
        @for answer in &answers { (answer) }
    };
    Ok(layout::page(&frame, &content))
}

fn answer(connection: &str, observation: &Observation, timeline: &Markup) -> Markup {
    let reason = &observation.outcome.reason;
    html! {
        div.panel.pad {
            p { (layout::kind(observation.outcome.kind)) " " b { (observation.order_no) } span.muted { " at " (connection) } }
            p { (reason.message) @if let Some(action) = &reason.action { " " b { (action) } } }
            @if let Some(order) = &observation.sales_order {
                p { a href=(format!("/orders/{}", layout::escape(order.as_str()))) { "To the sales order" } }
            }
            p.small.muted {
                "First seen " (layout::time(observation.first_seen_at)) ", last seen " (layout::time(observation.last_seen_at)) "."
            }
            (timeline)
        }
        p {}
    }
}

async fn find(
    console: &Console,
    viewer: &Viewer,
    number: &str,
) -> Result<Vec<(String, Observation)>, PageError> {
    let Ok(channel_order_id) = ChannelOrderId::parse(number) else { return Ok(Vec::new()) };
    let connections = connection_list(&console.hub, &viewer.organization).await?;
    let key = |connection| {
        Key::Observation(viewer.organization.clone(), SalesOrderId::for_source(connection, &channel_order_id))
    };
    let keys: Vec<Key> = connections.keys().map(key).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = console.hub.get(Site::PersonRead, &keys).await?;
    Ok(found
        .into_values()
        .filter_map(|stored| match stored.record {
            Record::Observation(observation) => {
                let name = connections.get(&observation.connection).map(|connection| connection.name.clone());
                Some((name.unwrap_or_default(), observation))
            }
            _ => None,
        })
        .collect())
}
