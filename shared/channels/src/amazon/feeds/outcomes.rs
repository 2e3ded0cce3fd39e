//! The processing report: what became of each message of a feed. A feed that is done may have failed in every one
//! of them. No entity is expanded and no document type is read. (SPEC FX-25; RELIABILITY §4 rows 32 and 46)

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};

use super::super::outbound::speaks_of_a_known_number;
use crate::{
    channel::MalformedOrder,
    warehouse::{FeedOutcomes, Handed},
    words::{safe, short},
};

/// Bytes of a processing report: some hundred for each message that failed.
const MAX_REPORT_BYTES: usize = 16 * 1024 * 1024;

/// Levels of elements; Amazon's own have five.
const MAX_DEPTH: usize = 32;

/// Characters of one text; a description has some hundred.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// What the report says, before it is held against the messages.
#[derive(Default)]
struct Said {
    is_report: bool,
    status: Option<String>,
    processed: Option<u64>,
    successful: Option<u64>,
    /// The errors of each message; 0 is the feed as a whole.
    errors: BTreeMap<u64, Vec<String>>,
    /// The result that is being read.
    result: Outcome,
}

#[derive(Default)]
struct Outcome {
    message: Option<u64>,
    code: String,
    message_code: String,
    description: String,
}

/// Reads a report about so many messages.
pub(super) fn read(report: &[u8], messages: usize) -> Result<FeedOutcomes, MalformedOrder> {
    if report.len() > MAX_REPORT_BYTES {
        return Err(malformed("is too large"));
    }
    let said = parse(report)?;
    if !said.is_report || said.status.as_deref() != Some("Complete") {
        return Err(malformed("is not complete"));
    }
    let total = messages as u64;
    let is_all_processed = said.processed.is_some_and(|processed| processed >= total);
    let is_none_successful = said.successful == Some(0);
    let outcome = |number: u64| match (said.errors.get(&number), said.errors.get(&0)) {
        (Some(errors), _) => refused(errors),
        (None, Some(errors)) if is_none_successful => refused(errors),
        (None, None) if is_all_processed => Handed::Accepted,
        (None, _) => Handed::Unknown("the processing report does not speak of it".to_owned()),
    };
    Ok(FeedOutcomes { messages: (1..=total).map(outcome).collect() })
}

fn refused(errors: &[String]) -> Handed {
    let message = errors.join("; ");
    if speaks_of_a_known_number(&message) { Handed::Unknown(message) } else { Handed::Rejected(message) }
}

fn parse(report: &[u8]) -> Result<Said, MalformedOrder> {
    let mut reader = Reader::from_reader(report.strip_prefix(b"\xef\xbb\xbf").unwrap_or(report));
    let (mut said, mut path, mut text) = (Said::default(), Vec::new(), String::new());
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        // The error's own text is left out: it may quote what stands there.
        let event = reader.read_event_into(&mut buffer).map_err(|_| malformed("is not XML"))?;
        match event {
            Event::DocType(_) => return Err(malformed("has a document type, which is not read")),
            Event::Start(element) => {
                path.push(String::from_utf8_lossy(element.local_name().as_ref()).into_owned());
                if path.len() > MAX_DEPTH {
                    return Err(malformed("is nested too deeply"));
                }
                text.clear();
            }
            Event::Empty(_) => text.clear(),
            Event::Text(part) => add(&mut text, &String::from_utf8_lossy(&part))?,
            Event::CData(part) => add(&mut text, &String::from_utf8_lossy(&part))?,
            Event::GeneralRef(name) => {
                let known = match name.resolve_char_ref().map_err(|_| malformed("is not XML"))? {
                    Some(c) => Some(c.to_string()),
                    None => quick_xml::escape::resolve_predefined_entity(&String::from_utf8_lossy(&name))
                        .map(str::to_owned),
                };
                add(&mut text, &known.ok_or_else(|| malformed("has an entity, which is not expanded"))?)?;
            }
            Event::End(_) => {
                said.close(&path, text.trim())?;
                path.pop();
                text.clear();
            }
            Event::Eof if path.is_empty() => return Ok(said),
            Event::Eof => return Err(malformed("ends too early")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

fn add(text: &mut String, part: &str) -> Result<(), MalformedOrder> {
    text.push_str(part);
    if text.len() > MAX_TEXT_BYTES { Err(malformed("has a text that is too long")) } else { Ok(()) }
}

impl Said {
    /// An element has ended, with this text in it.
    fn close(&mut self, path: &[String], text: &str) -> Result<(), MalformedOrder> {
        let mut names = path.iter().rev().map(String::as_str);
        match (names.next().unwrap_or_default(), names.next().unwrap_or_default()) {
            ("ProcessingReport", _) => self.is_report = true,
            ("StatusCode", "ProcessingReport") => self.status = Some(text.to_owned()),
            ("MessagesProcessed", "ProcessingSummary") => self.processed = Some(number(text)?),
            ("MessagesSuccessful", "ProcessingSummary") => self.successful = Some(number(text)?),
            ("MessageID", "Result") => self.result.message = Some(number(text)?),
            ("ResultCode", "Result") => text.clone_into(&mut self.result.code),
            ("ResultMessageCode", "Result") => self.result.message_code = short(text),
            ("ResultDescription", "Result") => self.result.description = safe(text),
            ("Result", _) => {
                let Outcome { message, code, message_code, description } = std::mem::take(&mut self.result);
                // A warning is no refusal.
                if code.eq_ignore_ascii_case("Error") {
                    let message = message.ok_or_else(|| malformed("has a result of no message"))?;
                    let said = [message_code, description];
                    let said: Vec<&str> =
                        said.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
                    let said =
                        if said.is_empty() { "no reason is given".to_owned() } else { said.join(": ") };
                    self.errors.entry(message).or_default().push(said);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn number(text: &str) -> Result<u64, MalformedOrder> {
    text.parse().map_err(|_| malformed("has a number that is none"))
}

fn malformed(complaint: &str) -> MalformedOrder {
    MalformedOrder { message: format!("the processing report {complaint}") }
}
