//! The chain of MACs that shows whether lines of an audit trail were changed.
//!
//! Each line ends with one member that the chain inserts before [`Encoding::closing`]:
//! `,"chain":"…"`, in ECS `,"bearergate.chain":"…"`, in CEF ` bearergateChain=…`. Its value has all
//! that verification needs, so that it reads no other member of any encoding:
//! `<trail>.<starts>.<boot>.<epoch>.<sequence>.<kept>.<previous mac>.<mac>`.

mod key;
mod member;
mod seal;

pub use key::ChainKey;
pub(crate) use key::StartKey;
pub(crate) use member::{Link, MAC_DIGITS, Member};
pub(crate) use seal::Chain;
