//! The stores of API keys and sessions.

use std::sync::Arc;

use super::files::Folder;
use super::reader::Node;
use crate::api_key::ApiKeyStore;
use crate::environment::Environment;
use crate::session::SessionStore;
use crate::stores::{MemoryApiKeyStore, MemoryGrantStore};

#[cfg(feature = "sqlite")]
type FileKeys = crate::stores::SqliteStore;
#[cfg(feature = "sqlite")]
type FileSessions = crate::stores::SqliteStore;
// Without the feature no file is opened, and a type is needed all the same.
#[cfg(not(feature = "sqlite"))]
type FileKeys = MemoryApiKeyStore;
#[cfg(not(feature = "sqlite"))]
type FileSessions = MemoryGrantStore;

/// The stores of one configuration. A file that several sections name is opened once.
pub(super) struct RecordStores<'c> {
    folder: Folder<'c>,
    #[cfg(feature = "sqlite")]
    open: std::cell::RefCell<Vec<(std::path::PathBuf, Arc<crate::stores::SqliteStore>)>>,
}

const REMEDY: &str = "write `{\"sqlite\": \"service.db\"}`, or `{\"memory\": 100000}` for records \
                      that a restart may lose";

impl<'c> RecordStores<'c> {
    pub(super) const fn new(folder: Folder<'c>) -> Self {
        Self {
            folder,
            #[cfg(feature = "sqlite")]
            open: std::cell::RefCell::new(Vec::new()),
        }
    }

    pub(super) fn api_keys(&self, node: &Node<'_>) -> Option<Arc<dyn ApiKeyStore>> {
        let mut section = node.section()?;
        let store: Option<Arc<dyn ApiKeyStore>> =
            match section.exactly_one(&["memory", "sqlite"], REMEDY) {
                Some(("memory", capacity)) => capacity
                    .number()
                    .and_then(|number| capacity.ok(MemoryApiKeyStore::new(number)))
                    .map(|store| Arc::new(store) as _),
                Some((_, path)) => self.sqlite(&path).map(|store: Arc<FileKeys>| store as _),
                None => None,
            };
        section.finish();
        store
    }

    pub(super) fn sessions(
        &self,
        node: &Node<'_>,
        environment: &Environment,
    ) -> Option<Arc<dyn SessionStore>> {
        let mut section = node.section()?;
        let store: Option<Arc<dyn SessionStore>> =
            match section.exactly_one(&["memory", "sqlite"], REMEDY) {
                Some(("memory", limit)) => limit
                    .number()
                    .map(|limit| Arc::new(MemoryGrantStore::new(limit).env(environment)) as _),
                Some((_, path)) => self
                    .sqlite(&path)
                    .map(|store: Arc<FileSessions>| store as _),
                None => None,
            };
        section.finish();
        store
    }

    #[cfg(feature = "sqlite")]
    fn sqlite(&self, node: &Node<'_>) -> Option<Arc<crate::stores::SqliteStore>> {
        let path = self.folder.path(node)?;
        let mut open = self.open.borrow_mut();
        if let Some((_, store)) = open.iter().find(|(own, _)| *own == path) {
            return Some(Arc::clone(store));
        }
        let store = Arc::new(node.ok(crate::stores::SqliteStore::open(&path))?);
        open.push((path, Arc::clone(&store)));
        Some(store)
    }

    /// Reports that this build has no such store.
    #[cfg(not(feature = "sqlite"))]
    fn sqlite<S>(&self, node: &Node<'_>) -> Option<Arc<S>> {
        self.folder.path(node)?;
        let detail = "expected a store that this build has, found `sqlite`, whose feature is off; \
                      build with the feature `sqlite` of this crate";
        let kind = crate::error::ConfigErrorKind::StoreUnusable;
        node.report(crate::error::ConfigError::new(
            kind,
            super::error::FIELD,
            detail,
        ));
        None
    }
}
