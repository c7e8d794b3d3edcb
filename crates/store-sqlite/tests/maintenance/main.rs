//! Maintenance: the check finds every kind of damage and the repair mends it; the garbage collection gives space back.

mod collection;
mod crash;
mod damage;
mod healthy;
mod patient;
mod random_damage;
mod support;
mod workload;
