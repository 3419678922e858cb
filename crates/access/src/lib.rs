//! Who a request is from, and what it may do: keys with scopes for servers, tokens for players.
//!
//! [`Access`] turns what came in `Authorization: Bearer` into a [`Caller`]; a [`Need`] says what a caller has
//! to be. Keys are in a file, tokens are signed by somebody else; both may change while a server runs, and no
//! request waits for that. Absent on purpose: HTTP, and the table of what each request needs, which is beside
//! the routes; sessions and passwords, which are the business of whoever signs tokens.

mod caller;
mod editing;
mod gate;
mod key;
mod keyring;
mod keys_file;
mod scope;
mod seen;
mod signatures;
mod token;
mod token_keys;
mod tokens;
mod watched;

pub use caller::{Caller, Need, Players};
pub use editing::{EditError, Editing, keys_in};
pub use gate::{Access, Refusal};
pub use jsonwebtoken::Algorithm;
pub use key::{Digest, Key, KeyId, NewKey, RANDOM_BYTES, Secret, fault_of_name, id_of};
pub use keyring::{KeyFault, Keyring};
pub use keys_file::{FileFault, time_text};
pub use scope::{Scope, Scopes};
pub use token::{TokenFault, TokenRules};
pub use token_keys::TokenKeys;
pub use tokens::{Tokens, algorithm};
