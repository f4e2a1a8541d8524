//! Rule files: the standard set loads, is sound as far as samples tell, and wrong rules are refuted.

use egrad::rules::RuleSet;

#[test]
fn the_standard_set_loads() {
    if let Err(e) = RuleSet::check_standard() {
        panic!("{}", e.report());
    }
}
