//! What a store is, written when it is made and read by every node that opens it.

use serde::{Deserialize, Serialize};

use crate::layout::MAX_ROOMS;

/// The format that this version writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// What a store is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) format: u32,
    /// Into how many rooms it is split; it stays so.
    pub(crate) partitions: u16,
    /// For signing what clients keep for it.
    pub(crate) secret: [u8; 32],
    pub(crate) created_at_ms: i64,
}

/// Why a store cannot be used by this node as it is set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// It is of a later version of Agon.
    #[error("the store has format {found}, this version of Agon reads format {FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
    /// It is split otherwise than the settings say.
    #[error(
        "the store has {found} partitions and the settings say {asked}; that is fixed when it is made"
    )]
    Partitions {
        /// As it is.
        found: u16,
        /// As the settings have it.
        asked: u16,
    },
    /// The settings ask for none or too many partitions.
    #[error("partitions has to be from 1 to {MAX_ROOMS}")]
    TooMany,
    /// A migration into it has not come to its end.
    #[error(
        "a migration into the store is unfinished; run it again with the same source, and it goes on where it was"
    )]
    Migrating,
    /// What is stored there is not of Agon.
    #[error("what is stored under the prefix is not a store of Agon")]
    NotAgon,
}

impl Meta {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Plain data always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads it, and says whether it can be used where so many partitions are asked for.
    pub(crate) fn read(bytes: &[u8], asked: Option<u16>) -> Result<Self, MetaError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| MetaError::NotAgon)?;
        if head.format != FORMAT {
            return Err(MetaError::Format { found: head.format });
        }
        let meta: Meta = serde_json::from_slice(bytes).map_err(|_| MetaError::NotAgon)?;
        match asked {
            Some(asked) if asked != meta.partitions => Err(MetaError::Partitions {
                found: meta.partitions,
                asked,
            }),
            _ => Ok(meta),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_known_again() {
        let meta = Meta {
            format: FORMAT,
            partitions: 8,
            secret: [7; 32],
            created_at_ms: 5,
        };
        let bytes = meta.to_bytes();
        assert_eq!(Meta::read(&bytes, None), Ok(meta.clone()));
        assert_eq!(Meta::read(&bytes, Some(8)), Ok(meta));
        let other = Meta::read(&bytes, Some(4));
        assert_eq!(other, Err(MetaError::Partitions { found: 8, asked: 4 }));
        let later = br#"{"format":2,"anything":1}"#;
        assert_eq!(Meta::read(later, None), Err(MetaError::Format { found: 2 }));
        assert_eq!(Meta::read(b"x", None), Err(MetaError::NotAgon));
    }
}
