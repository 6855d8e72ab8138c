//! Parts of a name where they are somebody else's.

use awap_names::known_of;
use awap_names::lists::known::{FAMILY, GIVEN, NAME};

use super::person::{NamePart, Person, Roster, Side};
use super::place::Place;

/// Whether a lone part of a name that ends at `end` is somebody else's: the family name of an author who is cited, or a given name before
/// such a one (`Carl Rogers`, where somebody else is called Carl) or before any but this person's (`Helen Burns`, where the tutor
/// is Helen Pryce).
pub(super) fn is_of_another(
    roster: &Roster,
    place: &Place<'_>,
    person: &Person,
    part: &NamePart,
    end: usize,
) -> bool {
    let is_cited = |name: &str| roster.cited.cites(name);
    let may_be_given =
        part.side == Side::Given && (person.parts.len() > 1 || known_of(&part.text) & GIVEN != 0);
    if !may_be_given {
        return !person.is_student && is_cited(&part.text);
    }
    let mut words = place.text.get(end..).unwrap_or_default().split(' ');
    let beside = words.next().is_some_and(str::is_empty)
        && place.is_upper(end + 1)
        && !place.piece.zone().is_technical();
    let mut next =
        || words.next().unwrap_or_default().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let (family, after) = (next(), next());
    if !beside || !family.chars().all(char::is_alphabetic) {
        return false;
    }
    let is_theirs = |name: &str| person.parts.iter().any(|p| p.text == name);
    let has_family_name = person.parts.iter().any(|p| p.side == Side::Family);
    let is_name = known_of(family) & (FAMILY | NAME) != 0 && known_of(family) & GIVEN == 0;
    is_cited(family)
        || !person.is_student && has_family_name && is_name && !is_theirs(family) && !is_theirs(after)
}
