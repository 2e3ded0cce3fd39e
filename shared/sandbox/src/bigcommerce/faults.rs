//! What goes wrong, how often. A rate is in thousandths of the calls (or webhooks) that it is about; nothing
//! goes wrong unless it is asked for.

/// The faults that are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Calls answered with 500, 502 or 503 (JSON or a gateway's page) that were not carried out.
    pub server_errors: u16,
    /// Calls answered with 503 although they were carried out.
    pub lost_answers: u16,
    /// Answers whose body ends in the middle.
    pub cut_bodies: u16,
    /// Answers of V2 in XML although JSON was asked for.
    pub xml_answers: u16,
    /// Answers with status 200 whose body is a web page.
    pub html_pages: u16,
    /// Calls refused with 429 and its headers although the window has room.
    pub throttled: u16,
    /// Calls refused with 429 and no header: the platform is overloaded.
    pub overloaded: u16,
    /// Orders whose consignments come as a link although they were asked for.
    pub links_alone: u16,
    /// Webhooks that never come.
    pub lost_webhooks: u16,
    /// Webhooks that come twice: another delivery of the same event.
    pub doubled_webhooks: u16,
    /// Webhooks that come late.
    pub late_webhooks: u16,
    /// How late at most, in seconds of the scaled clock.
    pub late_webhook_seconds: u32,
    /// Times that due webhooks come in any order.
    pub shuffled_webhooks: u16,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        server_errors: 0,
        lost_answers: 0,
        cut_bodies: 0,
        xml_answers: 0,
        html_pages: 0,
        throttled: 0,
        overloaded: 0,
        links_alone: 0,
        lost_webhooks: 0,
        doubled_webhooks: 0,
        late_webhooks: 0,
        late_webhook_seconds: 0,
        shuffled_webhooks: 0,
    };

    /// Everything goes wrong now and then, as on a bad day.
    pub const BAD_DAY: Self = Self {
        server_errors: 30,
        lost_answers: 20,
        cut_bodies: 10,
        xml_answers: 10,
        html_pages: 10,
        throttled: 30,
        overloaded: 15,
        links_alone: 200,
        lost_webhooks: 80,
        doubled_webhooks: 150,
        late_webhooks: 200,
        late_webhook_seconds: 600,
        shuffled_webhooks: 500,
    };
}
