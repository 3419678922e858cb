//! Links between documents: the file has to be there, and the heading in it.
//!
//! Links to other hosts are not followed: whether they work is not for a test without a network.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The links that lead nowhere, each with its document, which is below `root`.
pub(super) fn faults(root: &Path, documents: &[PathBuf]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for document in documents {
        let text = fs::read_to_string(document)?;
        for link in links(&text).iter().filter(|link| is_relative(link)) {
            if !leads_somewhere(document, &text, link) {
                let name = document.strip_prefix(root).unwrap_or(document);
                faults.push(format!("{}: {link}", name.display()));
            }
        }
    }
    Ok(faults)
}

fn links(text: &str) -> Vec<String> {
    let events = Parser::new(text);
    let urls = events.filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url),
        _ => None,
    });
    urls.map(|url| url.to_string()).collect()
}

fn is_relative(link: &str) -> bool {
    !link.contains("://") && !link.starts_with("mailto:")
}

fn leads_somewhere(document: &Path, text: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let there = document.parent().unwrap_or(document).join(file);
    if heading.is_empty() {
        return there.exists();
    }
    if file.is_empty() {
        return anchors(text).contains(heading);
    }
    fs::read_to_string(there).is_ok_and(|text| anchors(&text).contains(heading))
}

/// The names by which headings are linked to, as code hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let (mut anchors, mut heading) = (BTreeSet::new(), None::<String>);
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                add(&mut anchors, anchor);
            }
            _ => {}
        }
    }
    anchors
}

/// A second heading of the same text has a number at its end.
fn add(anchors: &mut BTreeSet<String>, anchor: String) {
    let numbered = (1..).map(|n| format!("{anchor}-{n}"));
    let mut names = std::iter::once(anchor.clone()).chain(numbered);
    if let Some(free) = names.find(|name| !anchors.contains(name)) {
        anchors.insert(free);
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_made_of_headings() {
        let text = "# Why it waits\n## `a_b` (twice)\n## `a_b` (twice)\n### Größe: 1/2\n";
        let expected = ["why-it-waits", "a_b-twice", "a_b-twice-1", "größe-12"];
        assert_eq!(anchors(text), expected.map(str::to_owned).into());
    }

    #[test]
    fn what_leads_nowhere_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one.md"), dir.path().join("two.md"));
        fs::write(&two, "# There\n[up](one.md#here)").unwrap();
        let text = "# Here\n[a](two.md) [b](two.md#there) [c](#here) [d](https://example.org/x) \
            [e](three.md) [f](two.md#gone) [g](#gone) ![h](no.svg) `[i](code.md)`";
        fs::write(&one, text).unwrap();
        let found = faults(dir.path(), &[one, two]).unwrap();
        let expected = ["three.md", "two.md#gone", "#gone", "no.svg"];
        assert_eq!(found, expected.map(|link| format!("one.md: {link}")));
    }
}
