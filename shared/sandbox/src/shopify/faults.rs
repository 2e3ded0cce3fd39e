//! What goes wrong, how often. A rate is in thousandths of the calls (or webhooks, or changes) that it
//! is about; nothing goes wrong unless it is asked for.

/// The faults that are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Calls answered with 500, 502 or 503 (JSON or a gateway's HTML) that were not carried out.
    pub server_errors: u16,
    /// Calls answered with 500 or 503 although they were carried out. A fulfillment is made all the same.
    pub lost_answers: u16,
    /// Answers whose body ends in the middle.
    pub cut_bodies: u16,
    /// Token requests answered with 500 or 503 that were not carried out.
    pub token_errors: u16,
    /// Token requests answered with 503 although they were carried out: the refresh token was used.
    pub lost_tokens: u16,
    /// Queries throttled although there are points.
    pub throttled: u16,
    /// Queries answered in part, or with no order at all, beside an error.
    pub partial_errors: u16,
    /// Calls whose access token has just died before its time; answered with 401.
    pub expired_tokens: u16,
    /// Changes that the search shows only later (the order itself shows them at once).
    pub list_lag: u16,
    /// How much later at most, in seconds of the wall clock.
    pub list_lag_seconds: u32,
    /// Holds and releases that leave the order's time of its last change as it was.
    pub quiet_holds: u16,
    /// Webhooks that never come.
    pub lost_webhooks: u16,
    /// Webhooks that come twice: another delivery of the same event.
    pub doubled_webhooks: u16,
    /// Webhooks that come again minutes later, byte for byte, although they were answered.
    pub resent_webhooks: u16,
    /// Webhooks that come late.
    pub late_webhooks: u16,
    /// How late at most, in seconds of the scaled clock.
    pub late_webhook_seconds: u32,
    /// Webhooks whose order is as it was before the change.
    pub stale_webhooks: u16,
    /// Times that due webhooks come in any order.
    pub shuffled_webhooks: u16,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        server_errors: 0,
        lost_answers: 0,
        cut_bodies: 0,
        token_errors: 0,
        lost_tokens: 0,
        throttled: 0,
        partial_errors: 0,
        expired_tokens: 0,
        list_lag: 0,
        list_lag_seconds: 0,
        quiet_holds: 0,
        lost_webhooks: 0,
        doubled_webhooks: 0,
        resent_webhooks: 0,
        late_webhooks: 0,
        late_webhook_seconds: 0,
        stale_webhooks: 0,
        shuffled_webhooks: 0,
    };

    /// Everything goes wrong now and then, as on a bad day; the search lags less than ten minutes.
    pub const BAD_DAY: Self = Self {
        server_errors: 30,
        lost_answers: 20,
        cut_bodies: 10,
        token_errors: 30,
        lost_tokens: 30,
        throttled: 30,
        partial_errors: 20,
        expired_tokens: 15,
        list_lag: 200,
        list_lag_seconds: 10 * 60,
        quiet_holds: 200,
        lost_webhooks: 80,
        doubled_webhooks: 150,
        resent_webhooks: 50,
        late_webhooks: 200,
        late_webhook_seconds: 600,
        stale_webhooks: 100,
        shuffled_webhooks: 500,
    };
}

impl Default for Faults {
    fn default() -> Self {
        Self::NONE
    }
}
