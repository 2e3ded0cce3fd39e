//! What goes wrong, how often. A rate is in thousandths of the calls (or notices, or changes) that
//! it is about; nothing goes wrong unless it is asked for.

/// The faults that are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Calls answered with 500 or 503 (JSON or a gateway's HTML) that were not carried out.
    pub server_errors: u16,
    /// Calls answered with 500 although they were carried out.
    pub lost_answers: u16,
    /// Answers whose body ends in the middle.
    pub cut_bodies: u16,
    /// Token requests answered with 500 or 503.
    pub token_errors: u16,
    /// Calls throttled although the limit is not reached.
    pub throttled: u16,
    /// Answers, 429 among them, that do not carry `x-amzn-RateLimit-Limit`.
    pub missing_rate_headers: u16,
    /// What Amazon really grants, in per cent of the published rate and burst.
    pub limit_percent: u16,
    /// Calls whose access token has just died before its time; answered with 403 or 401.
    pub expired_tokens: u16,
    /// Changes that the lists show only later (`getOrder` shows them at once).
    pub list_lag: u16,
    /// How much later at most, in seconds of the wall clock.
    pub list_lag_seconds: u32,
    /// How many of the late changes leave the former state in the lists meanwhile, not a gap.
    pub stale_in_list: u16,
    /// Pages that end before they are full, even empty ones, with a token for the rest.
    pub short_pages: u16,
    /// Searches whose orders come in any order.
    pub shuffled_pages: u16,
    /// Page tokens that have expired when they are used.
    pub expired_pages: u16,
    /// Notices that never come.
    pub lost_notices: u16,
    /// Notices that come twice, with one id.
    pub doubled_notices: u16,
    /// Notices that come late.
    pub late_notices: u16,
    /// How late at most, in seconds of the scaled clock.
    pub late_notice_seconds: u32,
    /// Times that due notices come in any order.
    pub shuffled_notices: u16,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        server_errors: 0,
        lost_answers: 0,
        cut_bodies: 0,
        token_errors: 0,
        throttled: 0,
        missing_rate_headers: 0,
        limit_percent: 100,
        expired_tokens: 0,
        list_lag: 0,
        list_lag_seconds: 0,
        stale_in_list: 0,
        short_pages: 0,
        shuffled_pages: 0,
        expired_pages: 0,
        lost_notices: 0,
        doubled_notices: 0,
        late_notices: 0,
        late_notice_seconds: 0,
        shuffled_notices: 0,
    };

    /// Everything goes wrong now and then, as on a bad day; the lists lag less than 13 minutes.
    pub const BAD_DAY: Self = Self {
        server_errors: 30,
        lost_answers: 10,
        cut_bodies: 10,
        token_errors: 30,
        throttled: 30,
        missing_rate_headers: 200,
        limit_percent: 100,
        expired_tokens: 15,
        list_lag: 200,
        list_lag_seconds: 13 * 60,
        stale_in_list: 400,
        short_pages: 200,
        shuffled_pages: 200,
        expired_pages: 20,
        lost_notices: 50,
        doubled_notices: 100,
        late_notices: 200,
        late_notice_seconds: 600,
        shuffled_notices: 500,
    };
}

impl Default for Faults {
    fn default() -> Self {
        Self::NONE
    }
}
