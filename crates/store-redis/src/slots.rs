//! Which of a cluster's 16384 slots a key is in.

/// How many slots a cluster has.
pub(crate) const SLOTS: u16 = 16384;

/// The slot of a key: that of its tag, the text between the first `{` and the next `}`, where there is one that
/// is not empty, else of the whole key. As the cluster specification of Redis says; O(length).
pub(crate) fn slot(key: &[u8]) -> u16 {
    crc16(tag(key).unwrap_or(key)) % SLOTS
}

/// A tag whose keys are in this slot: a short number in decimal. Some 16384 attempts on average, so for
/// start-up, not for each call.
pub(crate) fn tag_in(slots: impl Fn(u16) -> bool) -> Option<String> {
    let mut tags = (0..1_000_000_u32).map(|n| n.to_string());
    tags.find(|tag| slots(slot(tag.as_bytes())))
}

fn tag(key: &[u8]) -> Option<&[u8]> {
    let start = key.iter().position(|b| *b == b'{')? + 1;
    let length = key[start..].iter().position(|b| *b == b'}')?;
    (length > 0).then(|| &key[start..start + length])
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let start = crc ^ (u16::from(*byte) << 8);
        (0..8).fold(start, |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn a_tag_decides_if_it_is_not_empty() {
        assert_eq!(slot(b"agon:{a}:x"), slot(b"a"));
        assert_eq!(slot(b"{a}{b}"), slot(b"a"));
        assert_ne!(slot(b"x{}{a}"), slot(b"a"));
        assert_eq!(tag(b"{}{a}"), None);
        assert_eq!(tag(b"{a"), None);
        assert_eq!(tag(b"{{a}}"), Some(&b"{a"[..]));
    }

    #[test]
    fn every_slot_has_a_tag() {
        for wanted in [0, 1, 8191, 16383] {
            let tag = tag_in(|slot| slot == wanted).unwrap();
            assert_eq!(slot(tag.as_bytes()), wanted);
        }
    }
}
