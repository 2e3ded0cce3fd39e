//! A channel's own sentences made fit for people and logs: they may quote what must not be passed on.

/// Words longer than this are not words: tokens, ids, encoded pages.
const WORD_BYTES: usize = 28;

/// Characters of a channel's own sentence that are passed on.
const SENTENCE_CHARS: usize = 200;

/// Characters of an unknown word that are kept: a status, a type, a topic.
const UNKNOWN_WORD_CHARS: usize = 60;

/// A sentence without what does not belong into one: the channel's own may quote the value that
/// it refuses, and that may be a token, a page of a search or an address.
pub(crate) fn safe(sentence: &str) -> String {
    let is_word = |word: &&str| word.len() <= WORD_BYTES && !word.contains(['|', '@', '{', '}', '=']);
    let words: Vec<&str> =
        sentence.split_whitespace().map(|word| if is_word(&word) { word } else { "…" }).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(SENTENCE_CHARS).collect()
}

/// A word that Weir does not know, short enough to be shown.
pub(crate) fn short(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(UNKNOWN_WORD_CHARS).collect()
}
