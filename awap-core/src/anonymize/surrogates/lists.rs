//! Names to stand for names.
//!
//! A list of our own: given and family names that are common in some country, written from general knowledge and from no
//! data set. That a name is in use is nobody's property, and no person is meant. They are plain letters, so that they can
//! stand in an e-mail address too; none is an English word, and none ends in `s`, so that `’s` fits them all. Given names
//! and cultures are drawn without regard to the original: a surrogate says nothing of the sex or the origin of the person
//! it stands for, and given and family name need not go together.

use std::sync::LazyLock;

use super::draw::Draw;

fn words(list: &'static str) -> Vec<&'static str> {
    list.split_whitespace().collect()
}

/// Given names.
pub(super) static GIVEN: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(
        "
    Abena Adaeze Adela Adwoa Agata Ailsa Aino Akiko Aleksi Alina Amara Amina Ananya Andrea Aneta Anika Anouk
    Antonio Arjun Arturo Aurelia Aylin Bartosz Beatriz Bettina Bogdan Branwen Carlo Carmen Catrin Cedric Chiara
    Chinedu Ciara Clara Claudio Cosima Dafydd Danilo Daria Deepa Delphine Diego Dmitri Dorota Edita Eilidh Elena
    Elif Emeka Emilia Enrico Erika Esteban Fabio Farah Fatima Federico Femi Fenella Fiona Florian Folake Gareth
    Gemma Gianna Giulia Goran Greta Gustavo Haruka Helena Hiroshi Ibrahim Ida Ilona Imani Ingrid Irina Isla
    Ivana Jarek Javier Johanna Jolanta Kamala Karim Karolina Katarina Kavita Keiko Kenji Kofi Lakshmi Larissa
    Leila Lena Liora Lorenzo Lucia Ludmila Magda Malik Marcin Mariana Marit Martina Mateo Matilda Meera Mehmet
    Meilin Milena Miriam Monika Morag Nadia Naledi Natalia Neha Niamh Nikolai Nina Noor Obinna Olena Olga Orla
    Oskar Paolo Pedro Petra Piotr Priya Rafael Rania Ravi Renata Ricardo Rohan Roisin Rosalba Ruben Sabina
    Samira Sandeep Sanna Sergio Shirin Silvia Simone Sinead Sofia Stefan Sunita Svetlana Takumi Tamara Tariq
    Tatiana Teresa Thabo Thandi Tomasz Ulrike Valentina Vera Vikram Wanjiru Wiebke Xavier Yasmin Yuki Yusuf
    Zainab Zofia Zuzana
    ",
    )
});

/// Family names.
pub(super) static FAMILY: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(
        "
    Abebe Achterberg Adeyemi Agarwal Akintola Alvarado Andersen Appiah Arslan Asante Bakker Banerjee Barbieri
    Bergstrom Bianchi Blaszczyk Boateng Bogdanov Caruso Castillo Chaudhary Chowdhury Colombo Davila Delgado
    Demir Dimitrov Dlamini Donnelly Dvorak Eriksen Escobar Esposito Falkenberg Farrugia Fernando Ferrara
    Finnegan Fujimoto Gallagher Georgiou Ghosh Gonzalez Grabowski Gunawardena Gupta Gustafson Haddad Halvorsen
    Hashimoto Heikkinen Henriksen Herrera Hidalgo Hoang Hofmann Horvat Huber Ibarra Idowu Inoue Ivanov Iyer
    Jankowski Jansen Jaramillo Jovanovic Kamara Kamau Kapoor Karlsen Kavanagh Keller Kimura Kipkemboi Kobayashi
    Koroma Kovacevic Kovalenko Krishnan Kruger Kuznetsov Laurent Lehtonen Lewandowski Lindqvist Lombardi Lopez
    Lukic Madrigal Mahlangu Maldonado Mancini Marchetti Markovic Mbeki Medina Mehta Meijer Mendoza Mikkelsen
    Mitrovic Molina Moretti Mukherjee Mulder Mutua Nakamura Naidoo Navarro Nguema Nielsen Nkosi Novak Nowicki
    Obregon Ochieng Odhiambo Ogunleye Okafor Olsen Onyango Orlando Ortega Osei Ozturk Paszek Pavlov Pellegrini
    Penhaligon Pereira Popescu Qureshi Quintero Rahman Ramirez Ranganathan Rasmussen Ricci Rinaldi Rosenthal
    Rossi Sahin Salazar Sanchez Schneider Schreiber Serrano Sharma Sheehan Silva Sorensen Suarez Suzuki Tanaka
    Teixeira Thorsen Tkachenko Trevithick Tremblay Uddin Urbina Vasquez Velasco Venter Vermeulen Villanueva
    Wanjala Watanabe Weber Wieczorek Xuereb Yamamoto Yildiz Zapata Zielinski Zimmermann Zondo
    ",
    )
});

static STARTS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(
        "Bar Bel Cor Dan Del Far Fen Gal Hal Jor Kal Kel Lam Lor Mar Mel Nor Pel Quin Ral Sal Sel Tam Tor Val Vel Wen Yar Zel",
    )
});
static MIDDLES: LazyLock<Vec<&str>> = LazyLock::new(|| words("a e i o u ada ena ika ola ura"));
static NAME_ENDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| words("bek din gard kov lan met nov rik ston tano vara zim"));
static PLACE_ENDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| words("bourne combe dale field ford ham hurst leigh mere stead wick"));

/// A name that nobody need bear, for where all in the lists are taken.
pub(super) fn made_up(draw: &mut Draw) -> String {
    [draw.one(&STARTS), draw.one(&MIDDLES), draw.one(&NAME_ENDS)].concat()
}

/// A street, village or town that need not be anywhere.
pub(super) fn place(draw: &mut Draw) -> String {
    [draw.one(&STARTS), draw.one(&MIDDLES), draw.one(&PLACE_ENDS)].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::anonymize::roles::is_relation;
    use crate::anonymize::words::{Ambiguity, ambiguity, is_not_a_name, is_particle, is_title};
    use crate::text::fold;

    #[test]
    fn names_are_plain_and_no_words_and_each_stands_once() {
        let mut seen = HashSet::new();
        for name in GIVEN.iter().chain(FAMILY.iter()) {
            let folded = fold(name);
            assert!(seen.insert(folded.clone()), "{name} stands twice");
            assert!(name.bytes().all(|b| b.is_ascii_alphabetic()), "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
            assert!(!name.ends_with('s'), "{name}");
            assert_eq!(ambiguity(&folded), Ambiguity::Plain, "{name}");
            assert!(!is_not_a_name(&folded) && !is_title(&folded), "{name}");
            assert!(!is_particle(&folded) && !is_relation(&folded), "{name}");
        }
    }
}
