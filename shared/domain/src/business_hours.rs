//! When a merchant's people are at work: times of week days in the organization's time zone, right across
//! changes of the clock. (SPEC FX-21, G-07)

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// Days that are looked ahead for the next opening: each week day twice, so that a day which a zone leaves
/// out hides none.
const DAYS_AHEAD: usize = 15;

/// The opening times of a week; always closed without any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusinessHours(Vec<Opening>);

/// One opening of a week day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The day.
    pub day: Weekday,
    /// From then on.
    pub from: Time,
    /// Until then, which is outside. Midnight is the end of the day.
    pub to: Time,
}

/// An opening that ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening {index} ends before it begins")]
pub struct InvalidOpening {
    /// Which one, counted from 0.
    pub index: usize,
}

impl BusinessHours {
    /// Opening times, in any order.
    ///
    /// # Errors
    /// If one ends before it begins.
    pub fn new(openings: Vec<Opening>) -> Result<Self, InvalidOpening> {
        let is_upside_down = |opening: &Opening| opening.to != Time::midnight() && opening.to <= opening.from;
        match openings.iter().position(is_upside_down) {
            Some(index) => Err(InvalidOpening { index }),
            None => Ok(Self(openings)),
        }
    }

    /// Whether people are at work then.
    #[must_use]
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        self.next_open(at, zone) == Some(at)
    }

    /// The first time from `at` on at which people are at work: `at` itself, if they are. `None` if they
    /// never are.
    #[must_use]
    pub fn next_open(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(at).date();
        // Beginning with yesterday, whose last hours a change of the clock may carry into today.
        let first = today.checked_sub(1.day()).unwrap_or(today);
        let spans = first.series(1.day()).take(DAYS_AHEAD).flat_map(|day| self.spans(day, zone));
        spans.filter(|(_, end)| *end > at).map(|(start, _)| start.max(at)).min()
    }

    /// The openings of one day, as times of the world; one that a change of the clock leaves out is none.
    fn spans(&self, day: Date, zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
        let of_day = self.0.iter().filter(|opening| opening.day == day.weekday());
        let spans = of_day.filter_map(|opening| {
            let last = if opening.to == Time::midnight() { day.tomorrow().ok()? } else { day };
            Some((instant(day, opening.from, zone)?, instant(last, opening.to, zone)?))
        });
        spans.filter(|(start, end)| start < end).collect()
    }
}

/// When a clock on the wall shows this: the first time if it does so twice, and the moment at which it jumps
/// over it if it never does.
fn instant(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let shown = zone.to_ambiguous_timestamp(day.to_datetime(time));
    let found = shown.compatible().ok()?;
    if zone.to_datetime(found) == day.to_datetime(time) {
        return Some(found);
    }
    zone.preceding(found).next().map(|jump| jump.timestamp())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn hours(texts: &[&str]) -> BusinessHours {
        let opening = |text: &&str| {
            let [day, from, to] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
            let day = match day {
                "mon" => Weekday::Monday,
                "wed" => Weekday::Wednesday,
                "fri" => Weekday::Friday,
                "sat" => Weekday::Saturday,
                _ => Weekday::Sunday,
            };
            Opening { day, from: from.parse().unwrap(), to: to.parse().unwrap() }
        };
        BusinessHours::new(texts.iter().map(opening).collect()).unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    // SPEC: FX-21, G-07 (RELIABILITY 16)
    #[test]
    fn the_next_opening_is_right_across_changes_of_the_clock() {
        let table = [
            // An office week in New York: the same wall time, another time of the world.
            ("America/New_York", "mon 09:00 17:00", "2026-03-06T12:00:00Z", Some("2026-03-09T13:00:00Z")),
            ("America/New_York", "mon 09:00 17:00", "2026-02-27T12:00:00Z", Some("2026-03-02T14:00:00Z")),
            // Inside, at the first second, and at the end, which is outside.
            ("America/New_York", "mon 09:00 17:00", "2026-03-09T14:30:00Z", Some("2026-03-09T14:30:00Z")),
            ("America/New_York", "mon 09:00 17:00", "2026-03-09T13:00:00Z", Some("2026-03-09T13:00:00Z")),
            ("America/New_York", "mon 09:00 17:00", "2026-03-09T21:00:00Z", Some("2026-03-16T13:00:00Z")),
            // 02:30 does not exist on the night of the change: it opens as the clock jumps to 03:00.
            ("America/New_York", "sun 02:30 06:00", "2026-03-08T05:00:00Z", Some("2026-03-08T07:00:00Z")),
            // 01:30 comes twice: it opens at the first.
            ("America/New_York", "sun 01:30 06:00", "2026-11-01T04:00:00Z", Some("2026-11-01T05:30:00Z")),
            // An opening that lies within the hour that is left out is none that day.
            ("America/New_York", "sun 02:10 02:50", "2026-03-08T05:00:00Z", Some("2026-03-15T06:10:00Z")),
            ("Europe/Tallinn", "sun 03:30 09:00", "2026-03-29T00:00:00Z", Some("2026-03-29T01:00:00Z")),
            ("Europe/Tallinn", "mon 09:00 17:00", "2026-10-23T12:00:00Z", Some("2026-10-26T07:00:00Z")),
            // A change of half an hour.
            ("Australia/Lord_Howe", "sun 02:10 05:00", "2026-10-03T12:00:00Z", Some("2026-10-03T15:30:00Z")),
            ("Asia/Kolkata", "mon 09:00 17:00", "2026-03-08T12:00:00Z", Some("2026-03-09T03:30:00Z")),
            // Samoa had no 30 December 2011, which was a Friday.
            ("Pacific/Apia", "fri 09:00 17:00", "2011-12-29T12:00:00Z", Some("2012-01-05T19:00:00Z")),
            // Until midnight.
            ("UTC", "sun 22:00 00:00", "2026-03-08T23:59:59Z", Some("2026-03-08T23:59:59Z")),
            ("UTC", "sun 22:00 00:00", "2026-03-09T00:00:00Z", Some("2026-03-15T22:00:00Z")),
        ];
        for (name, opening, at, expected) in table {
            let found = hours(&[opening]).next_open(at.parse().unwrap(), &zone(name));
            assert_eq!(found.map(|at| at.to_string()).as_deref(), expected, "{name} {opening} {at}");
        }
        assert_eq!(
            BusinessHours::default().next_open("2026-03-08T00:00:00Z".parse().unwrap(), &zone("UTC")),
            None
        );
    }

    #[test]
    fn an_opening_that_ends_before_it_begins_is_refused() {
        let opening = |from: &str, to: &str| Opening {
            day: Weekday::Monday,
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        let wrong = vec![opening("09:00", "10:00"), opening("17:00", "09:00")];
        assert_eq!(BusinessHours::new(wrong), Err(InvalidOpening { index: 1 }));
        assert!(BusinessHours::new(vec![opening("09:00", "00:00")]).is_ok());
    }

    proptest! {
        // SPEC: FX-21 ("opens once on each of its days": no day twice, no day left out)
        #[test]
        fn it_opens_once_on_each_of_its_days(
            name in prop::sample::select(vec![
                "America/New_York", "Europe/Tallinn", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia",
            ]),
            from in 0_i8..22, length in 1_i8..3, day in 0_i32..700,
        ) {
            let zone = zone(name);
            let opening = |day| Opening { day, from: Time::constant(from, 30, 0, 0), to: Time::constant(from + length, 30, 0, 0) };
            let every = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday, Weekday::Saturday, Weekday::Sunday];
            let hours = BusinessHours::new(every.map(opening).to_vec()).unwrap();
            let first = date(2025, 1, 1).checked_add(day.days()).unwrap();
            let mut at = zone.to_timestamp(first.to_datetime(Time::midnight())).unwrap();
            for expected in first.series(1.day()).take(5) {
                let opens = hours.next_open(at, &zone).unwrap();
                let found = zone.to_datetime(opens);
                // An hour or two may lie wholly in the hour that is left out; then the day has no opening.
                if found.date() > expected {
                    prop_assert!(hours.spans(expected, &zone).is_empty());
                    continue;
                }
                prop_assert_eq!(found.date(), expected);
                prop_assert!(hours.is_open(opens, &zone));
                let spans = hours.spans(expected, &zone);
                prop_assert_eq!(spans.len(), 1);
                prop_assert!(!hours.is_open(spans[0].1, &zone));
                at = spans[0].1;
            }
        }
    }
}
