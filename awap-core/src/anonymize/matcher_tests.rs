//! Tables of how known people are found.

use super::super::pieces::Zone;
use super::*;

fn found(name: &str, text: &str, zone: Zone) -> Vec<String> {
    let mut roster = Roster::new(super::super::person::Person::student());
    roster.add_student(name);
    let piece = Piece { text: text.to_owned(), zone: Some(zone), ..Piece::default() };
    let mut out = Vec::new();
    Matcher::new(&roster, text.len()).unwrap().find(&piece, &Folded::new(text), &mut out);
    out.iter().map(|f| f.span.of(text).to_owned()).collect()
}

#[test]
fn finds_every_variant() {
    for (name, text, expected) in [
        ("Kofi Mensah", "I, Kofi Mensah, wrote it", "Kofi Mensah"),
        ("Kofi Mensah", "Mensah, Kofi wrote it", "Mensah, Kofi"),
        ("Kofi Mensah", "signed KOFI MENSAH.", "KOFI MENSAH"),
        ("Kofi Mensah", "signed K. Mensah today", "K. Mensah"),
        ("Kofi Mensah", "header MENSAH, K.  TM112", "MENSAH, K."),
        ("Kofi Mensah", "this is Kofi’s rule", "Kofi"),
        ("Kofi Mensah", "Mr Mensah was late", "Mr Mensah"),
        ("Kofi Mensah", "Mr K Mensah was late", "Mr K Mensah"),
        ("Kofi Mensah", "Kofi\n  Mensah was late", "Kofi\n  Mensah"),
        ("Kofi Mensah", "Ko\u{200b}fi Men\u{ad}sah was late", "Ko\u{200b}fi Men\u{ad}sah"),
        ("Kofi Mensah", "see kofi_mensah or", "kofi_mensah"),
        ("Kofi Mensah", "see KofiMensahTMA01", "KofiMensah"),
        ("Kofi Mensah", "see kofimensah or", "kofimensah"),
        ("Kofi Mensah", "see kmensah_22 or", "kmensah"),
        ("Siân O'Neill-Hughes", "by Sian O’Neill‑Hughes here", "Sian O’Neill‑Hughes"),
        ("Siân O'Neill-Hughes", "by SIÂN ONEILL HUGHES here", "SIÂN ONEILL HUGHES"),
        ("Siân O'Neill-Hughes", "by Mrs O Neill here", "Mrs O Neill"),
        ("Anna van der Berg", "by van der Berg, A. here", "van der Berg, A."),
        ("Anna van der Berg", "by Anna Vanderberg here", "Anna Vanderberg"),
        ("Omar al-Hadi", "by Omar Al Hadi here", "Omar Al Hadi"),
        ("Omar al-Hadi", "by Alhadi here", "Alhadi"),
        ("王伟", "我叫王伟，今年", "王伟"),
        ("Grace Young", "by Grace Young here", "Grace Young"),
        ("Grace Young", "by G. Young here", "G. Young"),
        ("Wei Li", "by Li Wei here", "Li Wei"),
        ("Wei Li", "and then Li went home", "Li"),
        ("Zhe Du", "and then Du went home", "Du"),
        ("Zhe Du (Person Consulting)", "and then Du went home", "Du"),
        ("Du Zhe", "a word by Ms Du here", "Ms Du"),
        ("Le Thi Hoa", "so I, Le Thi Hoa, wrote", "Le Thi Hoa"),
        ("Elizabeth (Liz) Carter", "ask liz about it", "liz"),
        ("Anna Smith (née Okafor)", "ask Okafor about it", "Okafor"),
        ("Kofi Mensah", "as Luke Mensah says", "Luke Mensah"),
        ("Kofi Mensah", "the end. Yesterday Mensah went", "Mensah"),
        ("Jürgen Weiß", "by Juergen Weiss here", "Juergen Weiss"),
        ("Juergen Moeller", "by Jürgen Möller here", "Jürgen Möller"),
    ] {
        assert_eq!(found(name, text, Zone::Prose), [expected], "{name}: {text}");
    }
}

#[test]
fn leaves_words_alone() {
    for (name, text) in [
        ("Grace Young", "The young show grace under pressure; the Young Foundation agrees."),
        ("Will Green", "He will use green paint. Will it work? The Green Party did."),
        ("May Li", "In May 2020 we used Li-ion batteries; may I?"),
        ("Zhe Du", "Both visit the Du Pont works; see du and Le Monde."),
        ("Sam Hall", "They shall stall in the hall."),
        ("Ann Lake", "A blanket on planned lakes."),
        ("Sam Tanner", "The tanners of Leeds."),
        ("Anna Field", "She went far afield."),
        ("Will Power", "It takes willpower."),
    ] {
        assert!(
            found(name, text, Zone::Prose).is_empty(),
            "{name}: {text}: {:?}",
            found(name, text, Zone::Prose)
        );
    }
}

#[test]
fn finds_names_in_accounts() {
    for (name, text, expected) in [
        ("Kofi Mensah", "on the forum as kmensah and had", "kmensah"),
        ("Kofi Mensah", "File \"C:\\Users\\kmensah\\Documents\\q.py\", line 4", "kmensah"),
        ("Kofi A. Mensah", "as kamensah and", "kamensah"),
        ("Kofi Mensah", "KMENSAH was here", "KMENSAH"),
        ("Zanele O'Hanlon", "by zohanlon and", "zohanlon"),
        ("Will Grace", "I said willgracetma02 was late", "willgrace"),
        ("Grace Walker", "as gracewalker and", "gracewalker"),
        ("Grace Walker", "as gwalker and", "gwalker"),
        ("Kofi Mensah", "I sent mensahtma02.docx to you", "mensah"),
    ] {
        assert_eq!(found(name, text, Zone::Prose), [expected], "{name}: {text}");
    }
}

#[test]
fn finds_names_in_small_letters() {
    for (name, text, expected) in [
        ("Sarah Walker", "My name is sarah walker and this", "sarah walker"),
        ("Sarah Walker", "My name is Sarah walker and this", "Sarah walker"),
        ("Sarah Green", "My name is sarah green and this", "sarah green"),
        ("Sarah Green", "then Sarah green with envy went", "Sarah"),
        ("Sarah May", "then sarah may go", "sarah"),
        ("Sarah Will", "then Sarah will go", "Sarah"),
    ] {
        assert_eq!(found(name, text, Zone::Prose), [expected], "{name}: {text}");
    }
}

#[test]
fn finds_in_file_names() {
    for (name, text, expected) in [
        ("Will Grace", "Grace_W_A111_TMA02.pdf", "Grace_W"),
        ("Kofi Mensah", "TM112_TMA02_Kofi_Mensah_C7.docx", "Kofi_Mensah"),
        ("Kofi Mensah", "kofimensahtma01.docx", "kofimensah"),
        ("Kofi Mensah", "tma-mensahk.docx", "mensahk"),
        ("Kofi Mensah", "mensahtma02.docx", "mensah"),
        ("Kofi Mensah", "MENSAHTMA02.docx", "MENSAH"),
        ("Kofi Mensah", "tmakofi.docx", "kofi"),
        ("Kofi Mensah", "kofis_tma02.docx", "kofi"),
        ("Kofi Mensah", "mensahtm112tma01.pdf", "mensah"),
        ("Kofi Mensah", "mensahktma02.docx", "mensahk"),
        ("Kofi Mensah", "mensahethics.docx", "mensah"),
    ] {
        assert_eq!(found(name, text, Zone::FileName), [expected], "{name}: {text}");
    }
}
