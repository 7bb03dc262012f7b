//! What a thread's `state` guards. The stages are drawn in the module above.

use crate::callback::Target;
use crate::sys::fork;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Made with a target, to be started.
    Ordinary,
    /// The process's first thread.
    Main,
    /// Stands for a thread that pirn did not start.
    Dummy,
    /// Waits for its moment first.
    Timer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    New,
    Starting,
    Pending,
    Firing,
    Running,
    Ended,
}

#[derive(Debug)]
pub enum Name {
    /// "Thread-N", spelt out when asked for.
    Numbered(u64),
    Given(Arc<String>),
}

impl Name {
    pub fn spell(&self) -> Arc<String> {
        match self {
            Name::Numbered(number) => Arc::new(format!("Thread-{number}")),
            Name::Given(name) => name.clone(),
        }
    }
}

#[derive(Debug)]
pub struct State {
    pub sort: Sort,
    /// Read through `stage()`, written through `set_stage`.
    pub stage: Stage,
    /// The fork epoch in which the stage was reached.
    pub epoch: u32,
    pub name: Name,
    pub daemon: bool,
    /// Nothing is left to wait for but the system thread. Set before `done` is: a join that does not find it set has made the object's
    /// life under the same lock, so that `done` finds it.
    pub is_over: bool,
    pub target: Option<Target>,
}

impl State {
    /// In a child of fork the parent's threads do not exist: what ran there has ended here.
    pub fn stage(&self) -> Stage {
        match self.stage {
            Stage::Pending | Stage::Firing | Stage::Running if self.is_from_before_a_fork() => Stage::Ended,
            Stage::Starting if self.is_from_before_a_fork() => Stage::New,
            stage => stage,
        }
    }

    pub fn set_stage(&mut self, stage: Stage) {
        self.stage = stage;
        self.epoch = fork::epoch();
    }

    pub fn is_from_before_a_fork(&self) -> bool {
        self.epoch != fork::epoch()
    }

    pub fn is_alive(&self) -> bool {
        matches!(self.stage(), Stage::Pending | Stage::Firing | Stage::Running)
    }
}
