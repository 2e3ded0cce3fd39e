//! Parts of lists: `limit`, and a `cursor` that belongs to the very list that gave it out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use weir_app::lists::{Part, Place, Window};

use super::input::Params;
use crate::errors::ApiError;

/// Entries of a part that was not asked for otherwise.
const USUAL_LIMIT: usize = 50;

/// The most entries of a part.
const LARGEST_LIMIT: usize = 250;

/// Part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The entries.
    pub(crate) data: Vec<T>,
    /// How to ask for the rest; null at the end. A filtered part may hold few entries, or none, and
    /// still have a rest.
    pub(crate) next_cursor: Option<String>,
}

/// A cursor as it travels.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    /// Which list.
    l: String,
    /// Where each list behind it goes on: its cursor, `true` for its beginning, `false` for its end.
    p: Vec<Mark>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Mark {
    After(String),
    Still(bool),
}

impl<T> Params<T> {
    /// The part that is asked for.
    pub(crate) fn window(&self) -> Result<Window, ApiError> {
        Ok(Window { places: self.places()?, limit: self.limit()? })
    }

    fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = &self.limit else { return Ok(USUAL_LIMIT) };
        let limit = text.parse().ok().filter(|limit| (1..=LARGEST_LIMIT).contains(limit));
        limit.ok_or_else(|| ApiError::parameter("limit", format!("Give a number from 1 to {LARGEST_LIMIT}.")))
    }

    fn places(&self) -> Result<Option<Vec<Place>>, ApiError> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let foreign = || ApiError::parameter("cursor", "This cursor was not given out by this list.");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| foreign())?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
        if cursor.l != binding(&self.list) {
            return Err(foreign());
        }
        let place = |mark| match mark {
            Mark::After(cursor) => Place::After(cursor),
            Mark::Still(true) => Place::Start,
            Mark::Still(false) => Place::End,
        };
        Ok(Some(cursor.p.into_iter().map(place).collect()))
    }

    /// The part as the API gives it.
    pub(crate) fn list<U, V>(&self, part: Part<U>, shape: impl FnMut(U) -> V) -> List<V> {
        let next_cursor = part.next.map(|places| {
            let mark = |place| match place {
                Place::After(cursor) => Mark::After(cursor),
                Place::Start => Mark::Still(true),
                Place::End => Mark::Still(false),
            };
            let cursor = Cursor { l: binding(&self.list), p: places.into_iter().map(mark).collect() };
            // A cursor of texts always serialises.
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
        });
        List { data: part.data.into_iter().map(shape).collect(), next_cursor }
    }
}

/// A list's short name within its cursors.
fn binding(list: &str) -> String {
    Sha256::digest(list).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
