//! The form of a message: the node that has made the changes, and the boards, with spaces between.

use boards::BoardId;

/// Boards in one message: some 16 KiB with the longest names.
const BOARDS: usize = 256;

/// As many messages as it takes.
pub(super) fn write(node: &str, boards: &[BoardId]) -> Vec<Vec<u8>> {
    let one = |some: &[BoardId]| {
        let names = some.iter().map(BoardId::as_str);
        let words: Vec<&str> = std::iter::once(node).chain(names).collect();
        words.join(" ").into_bytes()
    };
    boards.chunks(BOARDS).map(one).collect()
}

/// The node and the boards; `None` where it is of another version.
pub(super) fn read(message: &[u8]) -> Option<(&str, Vec<BoardId>)> {
    let mut words = std::str::from_utf8(message).ok()?.split(' ');
    let node = words.next().filter(|node| !node.is_empty())?;
    let boards: Option<Vec<BoardId>> = words.map(|name| BoardId::parse(name).ok()).collect();
    Some((node, boards.filter(|boards| !boards.is_empty())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back() {
        let boards: Vec<BoardId> = (0..600)
            .map(|n| BoardId::parse(&format!("b{n}")).unwrap())
            .collect();
        let messages = write("7f", &boards);
        assert_eq!(messages.len(), 3);
        let read_back = messages.iter().flat_map(|message| {
            let (node, boards) = read(message).unwrap();
            assert_eq!(node, "7f");
            boards
        });
        assert_eq!(read_back.collect::<Vec<_>>(), boards);
    }

    #[test]
    fn what_is_no_message_is_none() {
        for strange in [&b""[..], b"7f", b"7f ", b" a", b"7f A", b"7f a  b", b"\xff"] {
            assert_eq!(read(strange), None, "{strange:?}");
        }
    }
}
