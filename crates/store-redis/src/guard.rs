//! Where the answer to a change is kept that was made under a guard. It is a record of the transaction that makes the
//! change: both are there or neither is.

use boards::{Guard, StoreError};
pub(crate) use store_records::{Answer, KEEP_ANSWERS_MS};

use crate::layout::Layout;
use crate::tx::{At, Tx};

/// For how long it is kept, by the server's clock: longer, since clocks differ.
pub(crate) const KEPT_FOR_MS: u64 = 25 * 60 * 60 * 1000;

/// The record of a guard's answer.
pub(crate) fn place(layout: &Layout, guard: Guard) -> At {
    At::whole(layout.of_guard(&guard.key), key(guard))
}

/// Its key, without what all keys of the room begin with.
pub(crate) fn key(guard: Guard) -> Vec<u8> {
    let hex = guard.key.iter().map(|byte| format!("{byte:02x}"));
    format!("g:{}", hex.collect::<String>()).into_bytes()
}

/// The answer that was given before, if any.
///
/// # Errors
/// [`StoreError::KeyReused`]; [`StoreError::Unavailable`].
pub(crate) async fn earlier(
    tx: &mut Tx<'_>,
    guard: Option<Guard>,
    now_ms: i64,
) -> Result<Option<Answer>, StoreError> {
    let Some(guard) = guard else { return Ok(None) };
    let place = place(&tx.core().layout, guard);
    let stored = tx.get(&place).await?;
    match stored.and_then(|bytes| Answer::read(&bytes)) {
        Some(answer) => answer.judge(guard, now_ms),
        None => Ok(None),
    }
}

/// Has an answer written with the transaction's change.
pub(crate) fn keep(tx: &mut Tx<'_>, guard: Guard, answer: &Answer) {
    let place = place(&tx.core().layout, guard);
    tx.set_for(place, answer.to_bytes(), KEPT_FOR_MS);
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Guard = Guard {
        key: [0xa1; 16],
        request: [2; 16],
    };

    #[test]
    fn keys_are_hexadecimal() {
        assert_eq!(key(GUARD), format!("g:{}", "a1".repeat(16)).into_bytes());
    }
}
