//! Business days of organizations all over the world, also where the clocks change. (SPEC G-07, G-09)

use super::scene::{at, organization};

// SPEC: G-07 (PAINS 82: an order at 23:59:59 on a DST change)
#[test]
fn a_business_day_is_the_local_day() {
    let table = [
        // New York: clocks go forward on 2026-03-08 at 02:00 (-05:00 to -04:00), back on 2026-11-01.
        ("America/New_York", "2026-03-08T04:59:59Z", "2026-03-07"),
        ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-08"),
        ("America/New_York", "2026-03-09T03:59:59Z", "2026-03-08"),
        ("America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"),
        ("America/New_York", "2026-11-01T03:59:59Z", "2026-10-31"),
        ("America/New_York", "2026-11-02T04:59:59Z", "2026-11-01"),
        ("America/New_York", "2026-11-02T05:00:00Z", "2026-11-02"),
        // Tallinn: +02:00, and +03:00 from 2026-03-29 to 2026-10-25.
        ("Europe/Tallinn", "2026-03-28T22:00:00Z", "2026-03-29"),
        ("Europe/Tallinn", "2026-03-29T20:59:59Z", "2026-03-29"),
        ("Europe/Tallinn", "2026-03-29T21:00:00Z", "2026-03-30"),
        ("Europe/Tallinn", "2026-10-25T21:59:59Z", "2026-10-25"),
        ("Europe/Tallinn", "2026-10-25T22:00:00Z", "2026-10-26"),
        // Lord Howe moves by half an hour: +11:00, and +10:30 from 2026-04-05 to 2026-10-04.
        ("Australia/Lord_Howe", "2026-04-04T12:59:59Z", "2026-04-04"),
        ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-04-05T13:29:59Z", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-04-05T13:30:00Z", "2026-04-06"),
        ("Australia/Lord_Howe", "2026-10-04T12:59:59Z", "2026-10-04"),
        ("Australia/Lord_Howe", "2026-10-04T13:00:00Z", "2026-10-05"),
        // Kolkata: +05:30 all year.
        ("Asia/Kolkata", "2026-06-30T18:29:59Z", "2026-06-30"),
        ("Asia/Kolkata", "2026-06-30T18:30:00Z", "2026-07-01"),
        // Apia: the first land of each day, +13:00. It had no 30 December 2011.
        ("Pacific/Apia", "2026-12-31T10:59:59Z", "2026-12-31"),
        ("Pacific/Apia", "2026-12-31T11:00:00Z", "2027-01-01"),
        ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"),
    ];
    for (zone, instant, day) in table {
        assert_eq!(organization(zone).business_day(at(instant)).to_string(), day, "{instant} in {zone}");
    }
}

// SPEC: G-09
#[test]
fn the_locked_period_ends_with_the_last_second_of_its_day() {
    let table = [
        ("America/New_York", "2026-03-08", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"),
        ("America/New_York", "2026-11-01", "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z"),
        ("Europe/Tallinn", "2026-03-29", "2026-03-29T20:59:59Z", "2026-03-29T21:00:00Z"),
        ("Europe/Tallinn", "2026-10-25", "2026-10-25T21:59:59Z", "2026-10-25T22:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-05T13:29:59Z", "2026-04-05T13:30:00Z"),
        ("Asia/Kolkata", "2026-06-30", "2026-06-30T18:29:59Z", "2026-06-30T18:30:00Z"),
        ("Pacific/Apia", "2026-12-31", "2026-12-31T10:59:59Z", "2026-12-31T11:00:00Z"),
    ];
    for (zone, lock, last, open) in table {
        let mut organization = organization(zone);
        organization.inventory_lock_date = Some(lock.parse().unwrap());
        assert!(organization.is_locked(at(last)), "{last} in {zone}");
        assert!(!organization.is_locked(at(open)), "{open} in {zone}");
        organization.inventory_lock_date = None;
        assert!(!organization.is_locked(at(last)));
    }
}
