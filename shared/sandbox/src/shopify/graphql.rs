//! As much of GraphQL's language as Weir's operations use: a request read into what it selects.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A request, with its variables put in and what it does not include left out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// The operation's name; Shopify's own log knows it by that.
    pub(super) name: String,
    pub(super) is_mutation: bool,
    pub(super) selections: Vec<Selection>,
}

/// What is selected of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Selection {
    Field(Field),
    /// For objects of one type alone.
    On(String, Vec<Selection>),
}

/// A field that is selected.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// Its name in the answer.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) selections: Vec<Selection>,
}

/// What is wrong with a request, as one of an answer's errors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) code: &'static str,
    pub(super) path: Vec<String>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code, path: Vec::new() }
    }

    pub(super) fn at(mut self, path: &[&str]) -> Self {
        self.path = path.iter().map(|&part| part.to_owned()).collect();
        self
    }

    pub(super) fn value(&self) -> Value {
        let mut error = json!({ "message": self.message, "extensions": { "code": self.code } });
        if !self.path.is_empty() {
            error["path"] = json!(self.path);
        }
        error
    }
}

// ------------------------------------------------------------------ reading

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(i64),
    Mark(char),
    /// `...`
    Spread,
}

fn syntax(what: &str) -> Refusal {
    Refusal::new("parseError", format!("syntax error, {what}"))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '#' => while rest.next_if(|letter| *letter != '\n').is_some() {},
            ',' | '\u{feff}' => {}
            letter if letter.is_whitespace() => {}
            '"' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        None | Some('\n') => return Err(syntax("a string does not end")),
                        Some('"') => break,
                        Some('\\') => text.extend(rest.next()),
                        Some(letter) => text.push(letter),
                    }
                }
                tokens.push(Token::Text(text));
            }
            '.' => {
                if rest.next() != Some('.') || rest.next() != Some('.') {
                    return Err(syntax("unexpected ."));
                }
                tokens.push(Token::Spread);
            }
            letter if letter.is_ascii_digit() || letter == '-' => {
                let mut number = letter.to_string();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                tokens.push(Token::Number(number.parse().map_err(|_| syntax("a number is none"))?));
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let mut name = letter.to_string();
                while let Some(letter) =
                    rest.next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                {
                    name.push(letter);
                }
                tokens.push(Token::Name(name));
            }
            letter if "{}()[]:!$@=|&".contains(letter) => tokens.push(Token::Mark(letter)),
            _ => return Err(syntax("unexpected letter")),
        }
    }
    Ok(tokens)
}

/// A document as it is read: spreads still have their names, and what is not included is not there.
struct Reader<'a> {
    tokens: Vec<Token>,
    place: usize,
    variables: &'a Map<String, Value>,
}

/// A selection whose fragment is not put in yet.
enum Raw {
    Field(Field, Vec<Raw>),
    On(Option<String>, Vec<Raw>),
    Named(String),
}

/// How deep selections may lie in each other. Shopify's own limit is of this size.
const DEEPEST: usize = 24;

impl Request {
    /// Reads the operation of a document, with the variables that it is sent with.
    pub(super) fn read(text: &str, variables: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut reader = Reader { tokens: tokens(text)?, place: 0, variables };
        let mut operation = None;
        let mut fragments = BTreeMap::new();
        while reader.peek().is_some() {
            match reader.name()?.as_str() {
                "fragment" => {
                    let name = reader.name()?;
                    reader.word("on")?;
                    let on = reader.name()?;
                    fragments.insert(name, (on, reader.selections(0)?));
                }
                word @ ("query" | "mutation") => {
                    let name = reader.name()?;
                    reader.check_variables()?;
                    if operation.replace((word == "mutation", name, reader.selections(0)?)).is_some() {
                        return Err(syntax("one operation was expected"));
                    }
                }
                _ => return Err(syntax("an operation or a fragment was expected")),
            }
        }
        let (is_mutation, name, raw) = operation.ok_or_else(|| syntax("no operation provided"))?;
        Ok(Self { name, is_mutation, selections: put_in(&raw, &fragments, 0)? })
    }
}

fn put_in(
    raw: &[Raw],
    fragments: &BTreeMap<String, (String, Vec<Raw>)>,
    depth: usize,
) -> Result<Vec<Selection>, Refusal> {
    if depth > DEEPEST {
        return Err(Refusal::new("selectionMismatch", "Query has depth that exceeds max depth"));
    }
    let mut selections = Vec::new();
    for selection in raw {
        match selection {
            Raw::Field(field, inner) => {
                let inner = put_in(inner, fragments, depth + 1)?;
                selections.push(Selection::Field(Field { selections: inner, ..field.clone() }));
            }
            Raw::On(Some(on), inner) => {
                selections.push(Selection::On(on.clone(), put_in(inner, fragments, depth + 1)?));
            }
            Raw::On(None, inner) => selections.extend(put_in(inner, fragments, depth + 1)?),
            Raw::Named(name) => {
                let (on, inner) = fragments.get(name).ok_or_else(|| {
                    Refusal::new(
                        "useOfUndefinedFragment",
                        format!("Fragment {name} was used, but not defined"),
                    )
                })?;
                selections.push(Selection::On(on.clone(), put_in(inner, fragments, depth + 1)?));
            }
        }
    }
    Ok(selections)
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Result<Token, Refusal> {
        let token = self.tokens.get_mut(self.place).ok_or_else(|| syntax("unexpected end of document"))?;
        self.place += 1;
        // Each token is read once.
        Ok(std::mem::replace(token, Token::Spread))
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.next()? {
            Token::Name(name) => Ok(name),
            Token::Text(_) | Token::Number(_) | Token::Mark(_) | Token::Spread => {
                Err(syntax("a name was expected"))
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.name()? == word { Ok(()) } else { Err(syntax(word)) }
    }

    /// Takes a mark if it is the next.
    fn takes(&mut self, mark: char) -> bool {
        let is_next = self.peek() == Some(&Token::Mark(mark));
        self.place += usize::from(is_next);
        is_next
    }

    fn mark(&mut self, mark: char) -> Result<(), Refusal> {
        if self.takes(mark) { Ok(()) } else { Err(syntax(&format!("{mark} was expected"))) }
    }

    /// Each variable that has to be there is.
    fn check_variables(&mut self) -> Result<(), Refusal> {
        if !self.takes('(') {
            return Ok(());
        }
        while !self.takes(')') {
            self.mark('$')?;
            let name = self.name()?;
            self.mark(':')?;
            let is_list = self.takes('[');
            let kind = self.name()?;
            if is_list {
                self.takes('!');
                self.mark(']')?;
            }
            let is_required = self.takes('!');
            if is_required && self.variables.get(&name).is_none_or(Value::is_null) {
                return Err(Refusal::new(
                    "INVALID_VARIABLE",
                    format!("Variable ${name} of type {kind}! was provided invalid value"),
                ));
            }
        }
        Ok(())
    }

    fn selections(&mut self, depth: usize) -> Result<Vec<Raw>, Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::new("selectionMismatch", "Query has depth that exceeds max depth"));
        }
        self.mark('{')?;
        let mut selections = Vec::new();
        while !self.takes('}') {
            if self.peek() == Some(&Token::Spread) {
                self.place += 1;
                selections.extend(self.fragment(depth)?);
                continue;
            }
            let first = self.name()?;
            let (key, name) = if self.takes(':') { (first, self.name()?) } else { (first.clone(), first) };
            let arguments = self.arguments()?;
            let is_included = self.is_included()?;
            let inner =
                if self.peek() == Some(&Token::Mark('{')) { self.selections(depth + 1)? } else { Vec::new() };
            if is_included {
                selections.push(Raw::Field(Field { key, name, arguments, selections: Vec::new() }, inner));
            }
        }
        Ok(selections)
    }

    fn fragment(&mut self, depth: usize) -> Result<Option<Raw>, Refusal> {
        let mut on = None;
        if matches!(self.peek(), Some(Token::Name(_))) {
            let name = self.name()?;
            if name != "on" {
                let is_included = self.is_included()?;
                return Ok(is_included.then_some(Raw::Named(name)));
            }
            on = Some(self.name()?);
        }
        let is_included = self.is_included()?;
        let inner = self.selections(depth + 1)?;
        Ok(is_included.then_some(Raw::On(on, inner)))
    }

    fn is_included(&mut self) -> Result<bool, Refusal> {
        let mut is_included = true;
        while self.takes('@') {
            let directive = self.name()?;
            let condition = self.arguments()?.get("if").and_then(Value::as_bool);
            match (directive.as_str(), condition) {
                ("include", Some(condition)) => is_included &= condition,
                ("skip", Some(condition)) => is_included &= !condition,
                (_, _) => return Err(Refusal::new("undefinedDirective", "Directive is not understood")),
            }
        }
        Ok(is_included)
    }

    fn arguments(&mut self) -> Result<Map<String, Value>, Refusal> {
        let mut arguments = Map::new();
        if self.takes('(') {
            while !self.takes(')') {
                let name = self.name()?;
                self.mark(':')?;
                arguments.insert(name, self.value()?);
            }
        }
        Ok(arguments)
    }

    fn value(&mut self) -> Result<Value, Refusal> {
        Ok(match self.next()? {
            Token::Text(text) => Value::String(text),
            Token::Number(number) => json!(number),
            Token::Mark('$') => {
                let name = self.name()?;
                self.variables.get(&name).cloned().unwrap_or(Value::Null)
            }
            Token::Mark('[') => {
                let mut list = Vec::new();
                while !self.takes(']') {
                    list.push(self.value()?);
                }
                Value::Array(list)
            }
            Token::Mark('{') => {
                let mut object = Map::new();
                while !self.takes('}') {
                    let name = self.name()?;
                    self.mark(':')?;
                    object.insert(name, self.value()?);
                }
                Value::Object(object)
            }
            Token::Name(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(word),
            },
            Token::Mark(_) | Token::Spread => return Err(syntax("a value was expected")),
        })
    }
}
