//! The Reports API 2021-06-30: a report is asked for, waited for, and then lies somewhere for some minutes. How
//! its rows are read is in the files below. (SPEC FX-10, FX-30; specs/amazon/reports_2021-06-30.json)

pub mod table;
pub mod inflate;
pub mod inventory;
pub mod listings;
pub mod shipments;
pub mod fold;

mod charset;

use std::time::Duration;

use serde_json::json;
use weir_domain::Timestamp;

use super::{
    documents, errors,
    json::{self as answers},
    requests::{self, Query},
};
use crate::{
    channel::{Call, ChannelError, Operation, unreadable},
    http::{HttpRequest, HttpResponse, Method},
    warehouse::{ReportKind, ReportPlace, ReportState, Reports},
};

pub use charset::Charset;

const PATH: &str = "/reports/2021-06-30";

/// 0.0167 calls a second, burst 15. Source: specs/amazon/reports_2021-06-30.json.
const CREATE_REPORT: Operation =
    Operation { name: "createReport", refill: Duration::from_millis(59_900), burst: 15 };

/// 2 calls a second, burst 15. Source: as above.
const GET_REPORT: Operation = Operation { name: "getReport", refill: Duration::from_millis(500), burst: 15 };

/// 0.0167 calls a second, burst 15. Source: as above.
const GET_REPORT_DOCUMENT: Operation =
    Operation { name: "getReportDocument", refill: Duration::from_millis(59_900), burst: 15 };

/// Amazon's reports.
pub(super) struct AmazonReports;

/// Amazon's name of a report.
const fn name(report: ReportKind) -> &'static str {
    match report {
        ReportKind::Listings => "GET_MERCHANT_LISTINGS_ALL_DATA",
        ReportKind::Inventory => "GET_AFN_INVENTORY_DATA",
        ReportKind::Shipments => "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL",
    }
}

impl Reports for AmazonReports {
    fn request(
        &self,
        call: Call<'_>,
        report: ReportKind,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> (Operation, HttpRequest) {
        let mut body = json!({
            "reportType": name(report),
            "marketplaceIds": [call.connection.remote.marketplace.as_deref().unwrap_or_default()],
        });
        if let Some(since) = since {
            body["dataStartTime"] = requests::time(since).into();
        }
        if let Some(until) = until {
            body["dataEndTime"] = requests::time(until).into();
        }
        let path = format!("{PATH}/reports");
        let request = requests::request(call.connection, call.token, Method::Post, &path, Query::default());
        (CREATE_REPORT, request.with_body("application/json", body.to_string()))
    }

    fn requested(&self, response: &HttpResponse) -> Result<String, ChannelError> {
        let text = errors::success(response)?;
        let read = || answers::parse(&text)?.object()?.get("reportId").required();
        read().map_err(unreadable)
    }

    fn look(&self, call: Call<'_>, report: &str) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/reports/{}", requests::encode(report).collect::<String>());
        (GET_REPORT, requests::request(call.connection, call.token, Method::Get, &path, Query::default()))
    }

    fn looked(&self, response: &HttpResponse) -> Result<ReportState, ChannelError> {
        let text = errors::success(response)?;
        let read = || {
            let answer = answers::parse(&text)?.object()?;
            let status = answer.get("processingStatus");
            let document = answer.get("reportDocumentId").words()?;
            state(&status.required()?, document)
                .ok_or_else(|| status.malformed("is a word that Weir does not know"))
        };
        read().map_err(unreadable)
    }

    fn place(&self, call: Call<'_>, document: &str) -> (Operation, HttpRequest) {
        let path = format!("{PATH}/documents/{}", requests::encode(document).collect::<String>());
        let request = requests::request(call.connection, call.token, Method::Get, &path, Query::default());
        (GET_REPORT_DOCUMENT, request)
    }

    fn placed(&self, call: Call<'_>, response: &HttpResponse) -> Result<ReportPlace, ChannelError> {
        let text = errors::success(response)?;
        let (url, is_gzip) = documents::place(&text, call.connection)?;
        Ok(ReportPlace { url, is_gzip })
    }
}

/// What Amazon's word for a report's state means. A report that is done and lies nowhere cannot be read.
pub(super) fn state(word: &str, document: Option<String>) -> Option<ReportState> {
    match (word, document) {
        ("IN_QUEUE" | "IN_PROGRESS", _) => Some(ReportState::Working),
        ("DONE", Some(document)) => Some(ReportState::Done { document }),
        ("CANCELLED", _) => Some(ReportState::Cancelled),
        // The document of a fatal report, if there is one, says why it failed.
        ("FATAL" | "DONE", _) => Some(ReportState::Fatal),
        _ => None,
    }
}
