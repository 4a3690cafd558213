//! The limits file and the address lists, at the start and when they are read again.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bearergate::ConfigError;
use bearergate::address::{AddressList, AddressRules, Proxies};
use bearergate::configuration::{LimitsFile, LimitsLoader};
use bearergate::environment::Environment;
use bearergate::gate::GateBuilder;
use bearergate::limit::{Limits, LockOut, Watch};

use crate::options::{Options, ProxyOptions};
use crate::usage::Usage;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is enforced, and the files that it was read from.
#[derive(Debug)]
pub(crate) struct Enforcement {
    pub(crate) proxies: Option<Proxies>,
    /// Limits nothing without a limits file.
    pub(crate) limits: Limits,
    rules: Option<AddressRules>,
    lock_out: Option<LockOut>,
    files: Files,
    loader: LimitsLoader,
    /// The limits file in force.
    present: Mutex<Option<LimitsFile>>,
}

#[derive(Debug)]
struct Files {
    allow: Option<PathBuf>,
    deny: Option<PathBuf>,
    limits: Option<PathBuf>,
}

/// What the files say.
struct Read {
    file: Option<LimitsFile>,
    rules: Option<AddressRules>,
}

impl Enforcement {
    pub(crate) fn start(
        options: &Options,
        usage: Option<&Usage>,
        environment: &Environment,
    ) -> Outcome<Self> {
        // Also a file without limits can be replaced by one that has some.
        let mut base = Limits::builder()
            .plan_claim("plan")
            .allow_empty()
            .env(environment);
        if let Some(usage) = usage {
            base = base.usage_by(std::sync::Arc::clone(&usage.store));
        }
        let loader = LimitsLoader::new().limits(base.clone());
        let files = Files {
            allow: options.allow.clone(),
            deny: options.deny.clone(),
            limits: options.limits.clone(),
        };
        let read = files.read(&loader, true)?;
        let own = read.file.as_ref().and_then(LimitsFile::proxies);
        let proxies = proxies(&options.proxies, own)?;
        let limits = read.file.as_ref().and_then(LimitsFile::limits);
        let by_source = limits.is_some_and(|limits| limits.needs_source());
        let own_lock_out = read.file.as_ref().and_then(LimitsFile::lock_out);
        let locks_out = options.locks_out || own_lock_out.is_some();
        if proxies.is_none() && (by_source || locks_out || read.rules.is_some()) {
            return Err(NEEDS_PROXIES.into());
        }
        let lock_out = match own_lock_out {
            Some(own) => Some(own.clone().env(environment).build()?),
            None if options.locks_out => Some(LockOut::builder().env(environment).build()?),
            None => None,
        };
        let built = limits.unwrap_or(&base).clone().build();
        Ok(Self {
            proxies,
            limits: built.map_err(|error| format!("--limits: {error}"))?,
            rules: read.rules,
            lock_out,
            files,
            loader,
            present: Mutex::new(read.file),
        })
    }

    /// Sets on the gate what is enforced.
    pub(crate) fn apply(&self, mut gate: GateBuilder) -> GateBuilder {
        gate = gate.watch(Watch::default());
        if let Some(proxies) = &self.proxies {
            gate = gate.proxies(proxies.clone());
        }
        if let Some(rules) = &self.rules {
            gate = gate.addresses(rules.clone());
        }
        if let Some(lock_out) = &self.lock_out {
            gate = gate.lock_out(lock_out.clone());
        }
        match self.files.limits {
            Some(_) => gate.limits(self.limits.clone()),
            None => gate,
        }
    }

    /// Reads the files again, and takes over all of them or none. The error names the place.
    pub(crate) fn reload(&self) -> Result<(), String> {
        let read = self.files.read(&self.loader, false);
        let read = read.map_err(|error| error.to_string())?;
        // Only one reload at a time.
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(next), Some(before)) = (&read.file, &*present)
            && let Some(section) = next.needs_restart(before)
        {
            return Err(format!("/{section}: it changes with a restart only"));
        }
        if read.rules.is_some() != self.rules.is_some() {
            return Err("/addresses: the first list is in force after a restart only".to_owned());
        }
        let limits = read.file.as_ref().and_then(LimitsFile::limits);
        if let Some(limits) = limits {
            if self.proxies.is_none() && limits.needs_source() {
                return Err(format!("/limits: {NEEDS_PROXIES}"));
            }
            let replaced = self.limits.replace(limits);
            replaced.map_err(|error| format!("/limits: {error}"))?;
        }
        if let (Some(rules), Some(next)) = (&self.rules, &read.rules) {
            rules.replace(next);
        }
        *present = read.file;
        Ok(())
    }
}

const NEEDS_PROXIES: &str = "--trusted-proxy or --no-proxy is missing; address lists, the lock-out \
                             and limits by source need the address of the client";

impl Files {
    /// Reads all files. At the start errors name the option too.
    fn read(&self, loader: &LimitsLoader, is_start: bool) -> Outcome<Read> {
        let option = |name: &str| match is_start {
            true => format!("{name} "),
            false => String::new(),
        };
        let file = match &self.limits {
            None => None,
            Some(path) => Some(loader.from_file(path).map_err(|errors| {
                let first = errors.iter().next().map(ToString::to_string);
                let first = first.unwrap_or_default();
                format!("{}{}: {first}", option("--limits"), path.display())
            })?),
        };
        let lists = [("--allow", &self.allow), ("--deny", &self.deny)];
        let lists = lists.map(|(name, path)| match path {
            None => Ok(None),
            Some(path) => list(path)
                .map(Some)
                .map_err(|error| format!("{}{}: {error}", option(name), path.display())),
        });
        let [allow, deny] = lists;
        let (allow, deny) = (allow?, deny?);
        let own = file.as_ref().and_then(|file| file.addresses().cloned());
        if allow.is_none() && deny.is_none() && own.is_none() {
            return Ok(Read { file, rules: None });
        }
        let mut rules = own.unwrap_or_else(AddressRules::builder);
        if let Some(list) = allow {
            rules = rules.allow(list);
        }
        if let Some(list) = deny {
            rules = rules.deny(list);
        }
        let path = self.allow.as_deref().unwrap_or(Path::new(""));
        let rules = rules.build();
        let rules = rules.map_err(|error| empty_list(&option("--allow"), path, &error))?;
        Ok(Read {
            file,
            rules: Some(rules),
        })
    }
}

fn empty_list(option: &str, path: &Path, error: &ConfigError) -> String {
    format!("{option}{}: line 1: {error}", path.display())
}

fn list(path: &Path) -> Result<AddressList, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    AddressList::parse(&text).map_err(|error| error.to_string())
}

fn proxies(options: &ProxyOptions, own: Option<&Proxies>) -> Outcome<Option<Proxies>> {
    let is_named = options.has_none || !options.trusted.is_empty();
    if is_named && own.is_some() {
        return Err("--trusted-proxy and --no-proxy contradict `proxies` of --limits".into());
    }
    if !is_named {
        return Ok(own.cloned());
    }
    if options.has_none {
        return Ok(Some(Proxies::none()));
    }
    let trusted = Proxies::trust(&options.trusted);
    let mut proxies = trusted.map_err(|error| format!("--trusted-proxy: {error}"))?;
    if let Some(name) = &options.header {
        let header = name.parse();
        proxies = proxies
            .header(header.map_err(|error: ConfigError| format!("--forwarded-header: {error}"))?);
    }
    if let Some(count) = options.hops {
        proxies = proxies.hops(count);
    }
    let checked = proxies.check_settings();
    checked.map_err(|error| format!("--hops: {error}"))?;
    Ok(Some(proxies))
}
