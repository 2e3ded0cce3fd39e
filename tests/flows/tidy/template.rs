//! Reads `template.yaml` for the walls: resources as blocks of lines. Indentation is all that is understood here;
//! the whole grammar is checked where the template is expanded.

use std::collections::BTreeMap;

use super::checkout::{read, root};

/// The resources, by logical name.
pub(super) struct Template(BTreeMap<String, Block>);

/// The lines of one resource.
pub(super) struct Block(Vec<String>);

impl Template {
    pub(super) fn read() -> Self {
        Self::parse(&read(&root().join("template.yaml")))
    }

    pub(super) fn parse(text: &str) -> Self {
        let mut blocks: BTreeMap<String, Block> = BTreeMap::new();
        let mut current: Option<String> = None;
        let resources = text.lines().skip_while(|line| *line != "Resources:").skip(1);
        for line in resources.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])) {
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '#']));
            if let Some(name) = name.and_then(|rest| rest.strip_suffix(':')) {
                blocks.insert(name.to_owned(), Block(Vec::new()));
                current = Some(name.to_owned());
            } else if !line.trim_start().starts_with('#')
                && let Some(block) = current.as_ref().and_then(|name| blocks.get_mut(name))
            {
                block.0.push(line.to_owned());
            }
        }
        Self(blocks)
    }

    pub(super) fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (String, &'a Block)> {
        let line = format!("    Type: {kind}");
        self.0
            .iter()
            .filter(move |(_, block)| block.0.contains(&line))
            .map(|(name, block)| (name.clone(), block))
    }

    pub(super) fn functions(&self) -> Vec<(String, &Block)> {
        self.of_type("AWS::Serverless::Function").collect()
    }

    /// Function → binary, as its `CodeUri: target/lambda/<binary>/` says.
    pub(super) fn binaries(&self) -> BTreeMap<String, String> {
        let binary = |name: &str, block: &Block| {
            let line = block.line("CodeUri:");
            let binary =
                line.trim().strip_prefix("CodeUri: target/lambda/").and_then(|rest| rest.strip_suffix('/'));
            binary.unwrap_or_else(|| panic!("{name}: CodeUri is not target/lambda/<binary>/")).to_owned()
        };
        self.functions().into_iter().map(|(name, block)| (name.clone(), binary(&name, block))).collect()
    }

    /// Whether what the function fails at goes somewhere: to a failure destination, to the dead letters of the queue
    /// that it reads, or to a caller of the API who waits for the answer, be it of the function or of its alias.
    pub(super) fn fails_somewhere(&self, name: &str, function: &Block) -> bool {
        let redriven = || {
            self.of_type("AWS::SQS::Queue").any(|(queue, block)| {
                block.has("RedrivePolicy:") && function.has(&format!("Queue: !GetAtt {queue}.Arn"))
            })
        };
        let aliases = self.of_type("AWS::Lambda::Alias").filter(|(_, alias)| alias.refers_to(name));
        let mut doors: Vec<String> = aliases.map(|(alias, _)| alias).collect();
        doors.push(name.to_owned());
        let asked = || {
            self.of_type("AWS::ApiGatewayV2::Integration")
                .any(|(_, block)| doors.iter().any(|door| block.refers_to(door)))
        };
        function.has("OnFailure:") || redriven() || asked()
    }
}

impl Block {
    /// Whether a line begins so.
    pub(super) fn has(&self, beginning: &str) -> bool {
        self.0.iter().any(|line| line.trim_start().trim_start_matches("- ").starts_with(beginning))
    }

    /// The line that begins so; empty if none does.
    pub(super) fn line(&self, beginning: &str) -> &str {
        self.0.iter().find(|line| line.trim_start().starts_with(beginning)).map_or("", String::as_str)
    }

    pub(super) fn refers_to(&self, name: &str) -> bool {
        let reference = |line: &str, tag: &str| {
            line.split_once(tag).is_some_and(|(_, rest)| {
                rest.strip_prefix(name)
                    .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
            })
        };
        self.0.iter().any(|line| reference(line, "!Ref ") || reference(line, "!GetAtt "))
    }
}
