//! What the flows log, kept as text, so that the invariants can look for secrets and people in it.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

thread_local! {
    static LOGGED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs something and gives all that it logged.
pub fn captured<T>(work: impl FnOnce() -> T) -> T {
    LOGGED.with_borrow_mut(String::clear);
    tracing::subscriber::with_default(Capture, work)
}

/// What was logged since the beginning of the run on this thread.
#[must_use]
pub fn logged() -> String {
    LOGGED.with_borrow(Clone::clone)
}

struct Capture;

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text never fails.
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        LOGGED.with_borrow_mut(|logged| attributes.record(&mut Fields(logged)));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        LOGGED.with_borrow_mut(|logged| values.record(&mut Fields(logged)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        LOGGED.with_borrow_mut(|logged| {
            event.record(&mut Fields(logged));
            logged.push('\n');
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
