//! An order of which there is nothing to read.

use super::scene::{Scene, at, line, observed, shipped};
use crate::{
    decide::{
        Changes, Decision,
        unread::{self, Known},
    },
    event::{DomainEvent, Effect},
    outcome::{OutcomeKind as Kind, ReasonCode as Code},
};

const STATE: &str = "2026-03-10T11:00:00Z";

fn unreadable(scene: &Scene) -> Decision {
    unread::unreadable(&known(scene), at(STATE), "lines: there are none")
}

fn known(scene: &Scene) -> Known<'_> {
    Known {
        connection: &scene.connection.id,
        order_no: "111-1",
        order: scene.order.as_ref(),
        observation: scene.observation.as_ref(),
    }
}

// SPEC: G-02, G-03
#[test]
fn a_state_that_cannot_be_read_fails_unless_a_newer_one_is_known() {
    for (before, kind, code, is_told) in [
        (None, Kind::Failed, Code::MalformedOrder, true),
        (Some((Code::SkuNotMatched, "2026-03-10T10:59:59Z")), Kind::Failed, Code::MalformedOrder, true),
        (Some((Code::SkuNotMatched, STATE)), Kind::Failed, Code::MalformedOrder, true),
        (
            Some((Code::SkuNotMatched, "2026-03-10T11:00:00.001Z")),
            Kind::Unchanged,
            Code::OlderThanKnown,
            false,
        ),
    ] {
        let mut scene = Scene::new();
        scene.observation = before.map(|(code, updated_at)| observed(Kind::Waiting, code, updated_at));
        let decision = unreadable(&scene);
        assert_eq!((decision.outcome.kind, decision.outcome.reason.code), (kind, code), "{before:?}");
        let told = [Effect::Announce(DomainEvent::OrderNotImported {
            connection: scene.connection.id.clone(),
            order_no: "111-1".to_owned(),
            kind,
            code,
        })];
        assert_eq!(decision.changes.effects, if is_told { &told[..] } else { &[] }, "{before:?}");
    }
}

// SPEC: G-03 (once of each reason)
#[test]
fn the_world_is_told_once() {
    let mut scene = Scene::new();
    scene.observation = Some(observed(Kind::Failed, Code::MalformedOrder, STATE));
    assert_eq!(unreadable(&scene).changes, Changes::default());
    assert_eq!(unread::not_found(&known(&scene)).changes.effects.len(), 1);
}

// SPEC: KS-35 (what left stays, and its outcome)
#[test]
fn what_was_delivered_stays() {
    let mut scene = Scene::new();
    scene.commit(&shipped(vec![line("A", 1)]));
    for decision in [unreadable(&scene), unread::not_found(&known(&scene))] {
        assert_eq!(decision.outcome.kind, Kind::Unchanged);
        assert_eq!(decision.changes, Changes::default());
    }
}
