//! The examples of a document: which of its blocks are run, and what they have to print.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// What runs an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Shell,
    Python,
    JavaScript,
}

/// A program and what it has to print.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) language: Language,
    pub(super) program: String,
    /// `None`: whatever it likes.
    pub(super) prints: Option<String>,
    /// Where it stands in the document, counted from 1.
    pub(super) line: usize,
}

/// A fenced block.
struct Block {
    info: String,
    text: String,
    line: usize,
    /// Whether nothing but space is between it and the block before it.
    follows: bool,
}

/// The examples of a document, in their order.
pub(super) fn examples(document: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    // Whether the block before this one is an example that is run as a whole.
    let mut whole = false;
    for block in blocks(document) {
        let language = match block.info.as_str() {
            "console" => {
                examples.extend(commands(&block));
                None
            }
            "text" if whole && block.follows => {
                if let Some(last) = examples.last_mut() {
                    last.prints = Some(block.text.clone());
                }
                None
            }
            "sh run" => Some(Language::Shell),
            "python run" => Some(Language::Python),
            "js run" => Some(Language::JavaScript),
            _ => None,
        };
        whole = language.is_some();
        examples.extend(language.map(|language| Example {
            language,
            program: block.text,
            prints: None,
            line: block.line,
        }));
    }
    examples
}

fn blocks(document: &str) -> Vec<Block> {
    let (mut blocks, mut open, mut follows) = (Vec::new(), None::<Block>, false);
    for (event, range) in Parser::new(document).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let before = document.get(..range.start).unwrap_or_default();
                open = Some(Block {
                    info: info.to_string(),
                    text: String::new(),
                    line: before.lines().count() + 1,
                    follows,
                });
            }
            Event::Text(text) if open.is_some() => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                blocks.extend(open.take());
                follows = true;
            }
            _ => follows = false,
        }
    }
    blocks
}

/// The commands of a session at a terminal, each with what stands below it. A command goes on in the next
/// line after a backslash.
fn commands(block: &Block) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut continued = false;
    for (at, line) in block.text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example {
                language: Language::Shell,
                program: command.to_owned(),
                prints: None,
                // One more for the fence.
                line: block.line + at + 1,
            });
        } else if let Some(example) = examples.last_mut() {
            let part = if continued {
                &mut example.program
            } else {
                example.prints.get_or_insert_default()
            };
            part.push('\n');
            part.push_str(line);
        }
        continued = line.ends_with('\\') && (continued || line.starts_with("$ "));
    }
    for example in &mut examples {
        // Blank lines alone are there for the eye.
        let prints = example.prints.take().filter(|text| !text.trim().is_empty());
        example.prints = prints.map(|text| text.trim_matches('\n').to_owned());
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_what_stands_below_them() {
        let text = "x\n\n```console\n$ one \\\n    more\na\nb\n\n$ two\n\n$ three\nc\n```\n";
        let found = examples(text);
        let programs: Vec<&str> = found.iter().map(|e| e.program.as_str()).collect();
        assert_eq!(programs, ["one \\\n    more", "two", "three"]);
        let prints: Vec<Option<&str>> = found.iter().map(|e| e.prints.as_deref()).collect();
        assert_eq!(prints, [Some("a\nb"), None, Some("c")]);
        assert_eq!(found.iter().map(|e| e.line).collect::<Vec<_>>(), [4, 9, 11]);
    }

    #[test]
    fn whole_programs_print_the_text_that_follows_at_once() {
        let text = "```python run\nprint(1)\n```\n\n```text\n1\n```\n\n```js run\n2\n```\n\nBut:\n\n\
            ```text\nno\n```\n\n```sh\nunmarked\n```\n\n```text\nno\n```\n";
        let found = examples(text);
        let expected = [
            (Language::Python, "print(1)\n", Some("1\n"), 1),
            (Language::JavaScript, "2\n", None, 9),
        ];
        let found: Vec<_> = found
            .iter()
            .map(|e| (e.language, e.program.as_str(), e.prints.as_deref(), e.line))
            .collect();
        assert_eq!(found, expected);
    }
}
