//! Citations and references found in whole texts.

use proptest::prelude::*;

use super::*;

fn found(text: &str) -> Citations {
    find(text, &[], &Deadline::never()).unwrap()
}

/// `text|authors|year|page` of each citation.
fn cited(text: &str) -> Vec<String> {
    let found = found(text);
    found
        .citations
        .iter()
        .map(|c| {
            let page = c.page.as_deref().map(|p| format!("|{p}")).unwrap_or_default();
            format!("{}|{}|{}{page}", c.text, c.authors.join("+"), c.year.as_deref().unwrap_or("-"))
        })
        .collect()
}

#[test]
fn works_cited_in_full_in_a_note() {
    for (text, want) in [
        (
            "It was.\n\n1 G. R. Elton, The Tudor Way (Leeds: Aire Press, 1953), pp. 90–5.",
            &["G. R. Elton, The Tudor Way (Leeds: Aire Press, 1953)|Elton|1953"][..],
        ),
        (
            "2. See Kit Horsey and Erika van der Berg, Tort (7th edn, OUP 2021) 41.",
            &["Kit Horsey and Erika van der Berg, Tort (7th edn, OUP 2021)|Horsey+van der Berg|2021"],
        ),
        (
            "Alexander Brown, ‘Who is my neighbour?’ (2019) 39 LS 112; John Guy, Away, 2nd edn (Oxford: OUP, 1988), p. 4.",
            &[
                "Alexander Brown, ‘Who is my neighbour?’ (2019)|Brown|2019",
                "John Guy, Away, 2nd edn (Oxford: OUP, 1988)|Guy|1988",
            ],
        ),
        // Publishers and places are nobody's work.
        ("It was printed then (London: Early English Text Society, 1935).", &[]),
        ("Of all who went, the last was late (2019) again.", &[]),
    ] {
        assert_eq!(cited(text), want, "{text:?}");
    }
}

#[test]
fn author_year_citations_in_all_forms() {
    for (text, want) in [
        ("It is so (Smith, 2019).", &["(Smith, 2019)|Smith|2019"][..]),
        ("It is so (Smith 2019).", &["(Smith 2019)|Smith|2019"]),
        ("But Smith (2019) argues.", &["Smith (2019)|Smith|2019"]),
        ("In Smith’s (2019) view", &["Smith’s (2019)|Smith|2019"]),
        ("In Smith's (2019) view", &["Smith's (2019)|Smith|2019"]),
        ("In Jones’ (2019) view", &["Jones’ (2019)|Jones|2019"]),
        ("so (Smith and Jones, 2019, p. 4).", &["(Smith and Jones, 2019, p. 4)|Smith+Jones|2019|p. 4"]),
        ("so (Smith & Jones 2019: 4).", &["(Smith & Jones 2019: 4)|Smith+Jones|2019|4"]),
        ("Li et al.’s (2024) model", &["Li et al.’s (2024)|Li|2024"]),
        ("so (Nichol & Jun, 2022)", &["(Nichol & Jun, 2022)|Nichol+Jun|2022"]),
        ("Smith et al. (2019) show", &["Smith et al. (2019)|Smith|2019"]),
        ("shown (Smith et al., 2019, pp. 4–6)", &["(Smith et al., 2019, pp. 4–6)|Smith|2019|pp. 4–6"]),
        ("shown (Smith, Jones and Brown, 2019)", &["(Smith, Jones and Brown, 2019)|Smith+Jones+Brown|2019"]),
        (
            "However, Smith, Jones and Brown (2019) say",
            &["Smith, Jones and Brown (2019)|Smith+Jones+Brown|2019"],
        ),
        (
            "so (see Smith, 2019; Jones, 2020a, 2020b).",
            &["Smith, 2019|Smith|2019", "Jones, 2020a|Jones|2020a", "2020b|Jones|2020b"],
        ),
        ("so (see Smith, 2019).", &["(see Smith, 2019)|Smith|2019"]),
        ("so (e.g. Smith, 2019).", &["(e.g. Smith, 2019)|Smith|2019"]),
        ("so (Smith, cited in Jones, 2019).", &["(Smith, cited in Jones, 2019)|Jones|2019"]),
        (
            "so (Smith, 2001, cited in Jones, 2019, p. 3).",
            &["Smith, 2001|Smith|2001", "Jones, 2019, p. 3|Jones|2019|p. 3"],
        ),
        ("Smith (2001, cited in Jones, 2019)", &["Smith (2001|Smith|2001", "Jones, 2019|Jones|2019"]),
    ] {
        assert_eq!(cited(text), want, "{text:?}");
    }
}

#[test]
fn organisations_and_names_of_many_kinds() {
    for (text, want) in [
        (
            "as (The Open University, 2024) says",
            &["(The Open University, 2024)|The Open University|2024"][..],
        ),
        ("as The Open University (2024) says", &["The Open University (2024)|The Open University|2024"]),
        ("as (BBC News, n.d.) says", &["(BBC News, n.d.)|BBC News|n.d."]),
        ("as (BBC News, no date) says", &["(BBC News, no date)|BBC News|n.d."]),
        (
            "(Department for Education, 2021)",
            &["(Department for Education, 2021)|Department for Education|2021"],
        ),
        ("The Office for National Statistics (ONS, 2022) says", &["(ONS, 2022)|ONS|2022"]),
        (
            "(Office for National Statistics (ONS), 2022)",
            &["(Office for National Statistics (ONS), 2022)|Office for National Statistics|2022"],
        ),
        (
            "(World Health Organization [WHO], 2020)",
            &["(World Health Organization [WHO], 2020)|World Health Organization|2020"],
        ),
        ("(Module Team, 2021, p. 30)", &["(Module Team, 2021, p. 30)|Module Team|2021|p. 30"]),
        ("(GOV.UK, 2023)", &["(GOV.UK, 2023)|GOV.UK|2023"]),
        ("(van der Berg, 2011)", &["(van der Berg, 2011)|van der Berg|2011"]),
        ("as van Dijk (2011) says", &["van Dijk (2011)|van Dijk|2011"]),
        ("as O’Neill-Hughes (2011) says", &["O’Neill-Hughes (2011)|O’Neill-Hughes|2011"]),
        ("as Çelik and Ångström (2011) say", &["Çelik and Ångström (2011)|Çelik+Ångström|2011"]),
        ("J. K. Smith (2011) says", &["J. K. Smith (2011)|Smith|2011"]),
        ("Erving Goffman (1959) says", &["Erving Goffman (1959)|Goffman|1959"]),
        ("(Smith, J., 2019)", &["(Smith, J., 2019)|Smith|2019"]),
        ("According to Okonjo and\nHughes (2019), so", &["Okonjo and\nHughes (2019)|Okonjo+Hughes|2019"]),
        ("(a term coined by Goffman, 1959)", &["(a term coined by Goffman, 1959)|Goffman|1959"]),
        ("(as Smith (2019) says, it works)", &["Smith (2019)|Smith|2019"]),
        ("Smith (2019, 2020) says", &["Smith (2019|Smith|2019", "2020|Smith|2020"]),
        ("Smith (2019) and Jones (2020) differ", &["Smith (2019)|Smith|2019", "Jones (2020)|Jones|2020"]),
        (
            "Marx (1867/1990) and (Marx, 1867 [1990])",
            &["Marx (1867/1990)|Marx|1867", "(Marx, 1867 [1990])|Marx|1867"],
        ),
        ("(Smith, 2019, para. 3)", &["(Smith, 2019, para. 3)|Smith|2019|para. 3"]),
        ("(Smith, 2019, my emphasis)", &["(Smith, 2019, my emphasis)|Smith|2019"]),
        ("But Smith, (2019) says", &["Smith, (2019)|Smith|2019"]),
        ("(Smith et al 2019)", &["(Smith et al 2019)|Smith|2019"]),
        ("Smith (cited in Jones, 2020)", &["(cited in Jones, 2020)|Jones|2020"]),
        ("Smith and Jones’ (2019) view", &["Smith and Jones’ (2019)|Smith+Jones|2019"]),
        ("Smith (2019a; 2019b)", &["Smith (2019a|Smith|2019a", "2019b|Smith|2019b"]),
        (
            "(The Open University, 2024, Section 3.2)",
            &["(The Open University, 2024, Section 3.2)|The Open University|2024|Section 3.2"],
        ),
        ("The Guardian (2020) reported", &["The Guardian (2020)|The Guardian|2020"]),
        ("In Smith’s (2019, p. 3) words", &["Smith’s (2019, p. 3)|Smith|2019|p. 3"]),
        ("(Smith, 2019: pp. 4-5)", &["(Smith, 2019: pp. 4-5)|Smith|2019|pp. 4-5"]),
        ("(Smith, 2019 p4)", &["(Smith, 2019 p4)|Smith|2019|p4"]),
        ("(Smith, J. 2019)", &["(Smith, J. 2019)|Smith|2019"]),
        ("(J. Smith, 2019)", &["(J. Smith, 2019)|Smith|2019"]),
        ("(Smith; 2019)", &["(Smith; 2019)|Smith|2019"]),
        ("(Bandura, Ross and Ross, 1961)", &["(Bandura, Ross and Ross, 1961)|Bandura+Ross+Ross|1961"]),
        (
            "Later, Bandura, Ross, and Ross (1961) saw",
            &["Bandura, Ross, and Ross (1961)|Bandura+Ross+Ross|1961"],
        ),
        ("(NICE, 2021)", &["(NICE, 2021)|NICE|2021"]),
        ("(Smith, 2019, in Jones, 2020)", &["Smith, 2019|Smith|2019", "Jones, 2020|Jones|2020"]),
        ("(Figure 2, Smith, 2019)", &["(Figure 2, Smith, 2019)|Smith|2019"]),
        (
            "Jones (2020, p. 4) cites Smith (2010).",
            &["Jones (2020, p. 4)|Jones|2020|p. 4", "Smith (2010)|Smith|2010"],
        ),
        ("Unlike Jones, Smith (2019) argues", &["Smith (2019)|Smith|2019"]),
        ("Professor Erving Goffman (1959)", &["Erving Goffman (1959)|Goffman|1959"]),
        ("In 2019, Smith (2020) and others", &["Smith (2020)|Smith|2020"]),
        ("(Smith, n.d)", &["(Smith, n.d)|Smith|n.d."]),
        ("(Smith, 2019; p. 4)", &["(Smith, 2019; p. 4)|Smith|2019"]),
        ("Smith,\nJones and Brown (2019)", &["Smith,\nJones and Brown (2019)|Smith+Jones+Brown|2019"]),
        ("(Smith, in press)", &["(Smith, in press)|Smith|in press"]),
        ("(‘How to cite’, 2020)", &["(‘How to cite’, 2020)|How to cite|2020"]),
        ("[Smith, 2019]", &["[Smith, 2019]|Smith|2019"]),
        ("(Smith, 2019 and Jones, 2020)", &["Smith, 2019|Smith|2019", "Jones, 2020|Jones|2020"]),
        ("(adapted from Tuckman, 1965)", &["(adapted from Tuckman, 1965)|Tuckman|1965"]),
        ("Source: (ONS, 2021)", &["(ONS, 2021)|ONS|2021"]),
    ] {
        assert_eq!(cited(text), want, "{text:?}");
    }
}

#[test]
fn brackets_that_are_no_citations() {
    for text in [
        "It began (in 2019).",
        "It began (March 2020).",
        "It began (12 March 2020).",
        "as drawn (Figure 2, 2019)",
        "in the module (TM112, 2023)",
        "in the module (TM112 Block 1, 2023)",
        "the war (1939–1945)",
        "Mary Wollstonecraft (1759–1797) wrote",
        "the census (2011)",
        "the academic year (2019/20)",
        "It had (2000 people).",
        "In London (2012) the games",
        "(from 2019 to 2020)",
        "(TMA 02, 2023)",
        "(Paris, 2015)",
        "my sister (born 1990)",
        "(see Table 3)",
        "We met on (Tuesday 5 March 2019).",
        "f(1999) and x[2019] = 3",
    ] {
        assert_eq!(cited(text), Vec::<String>::new(), "{text:?}");
    }
}

#[test]
fn works_and_events_where_a_list_names_the_authors() {
    let list = "\n\nReferences\n\nSmith, J. (2019) A Book. Leeds: A Press.\nGoffman, E. (1959) Another. London: B Press.\n";
    for (text, want) in [
        ("The Beveridge Report (1942) began it.", &[][..]),
        ("The Treaty of Versailles (1919) ended it.", &[]),
        ("Before World War Two (1939) it was.", &[]),
        ("Read Macbeth (1606) again.", &[]),
        ("Goffman’s theory of the self (1959) holds.", &["Goffman’s theory of the self (1959)|Goffman|1959"]),
        ("It was said by Goffman, 1959, that", &["Goffman, 1959|Goffman|1959"]),
        ("Jones (2020) is not in the list.", &["Jones (2020)|Jones|2020"]),
        (
            "The Open University (2024) is not, either.",
            &["The Open University (2024)|The Open University|2024"],
        ),
    ] {
        assert_eq!(cited(&format!("{text}{list}")), want, "{text:?}");
    }
}

#[test]
fn cases_are_no_works_of_an_author() {
    assert!(cited("The court held so (Hall v Frost, 1962).").is_empty());
    for text in ["In Hall v Frost [1962] the court held so.", "In Hall v. Frost (1962) the court held so."] {
        let found = found(text);
        assert!(found.citations.is_empty(), "{text:?}: {:?}", found.citations);
        let protected: Vec<_> = found.protected.iter().map(|s| s.of(text)).collect();
        assert!(protected.iter().any(|name| name.contains("Frost")), "{text:?}: {protected:?}");
    }
    assert_eq!(cited("But Frost [1962] argues so."), ["Frost [1962]|Frost|1962"]);
}

#[test]
fn a_line_of_place_and_publisher_ends_its_entry() {
    let found = found(
        "References\n\nQuill, A. (2019) Maps of the Shore: What They Leave Out.\n\nLeeds: Aire Press.\n\nReed, B. (2020) Tides.\n\nBBC News: Tides (2021) Available at: https://a.example/t (Accessed: 1 May 2025).",
    );
    let entries: Vec<_> = found.references.iter().map(|r| r.text.as_str()).collect();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert!(entries[0].ends_with("Leeds: Aire Press."));
}

#[test]
fn names_are_protected_and_nothing_beside_them() {
    let text = "As Erving Goffman (1959) and (Black, 2003; j.black@post.example) say.";
    let found = found(text);
    let protected: Vec<_> = found.protected.iter().map(|s| s.of(text)).collect();
    assert_eq!(protected, ["Erving Goffman", "Black"]);
}

const LIST: &str = "Words (Smith, 2019) and more (Brown, 2001) by the WHO (2020).

References

Ahmed, S. and O’Neill, P.
(2018) ‘A title of an article’, Journal of Things, 12(3), pp. 4–9. doi:
10.5555/jot.2018.3.
BBC News (no date) Headline of a story. Available at:
https://www.bbc.example/news/1 (Accessed: 3 March 2024).
Smith, J. (2019) A Book. 2nd edn. Leeds: A Press.
World Health Organization (2020) Report. Available at: https://who.example/report (Accessed: 3 March 2024).

Word count: 400
";

#[test]
fn a_list_with_a_heading_and_wrapped_lines() {
    let found = found(LIST);
    let rows: Vec<_> = found
        .references
        .iter()
        .map(|r| {
            (
                r.authors.join("+"),
                r.year.clone().unwrap_or_default(),
                r.title.clone().unwrap_or_default(),
                r.cited,
            )
        })
        .collect();
    let row = |a: &str, y: &str, t: &str, c| (a.to_owned(), y.to_owned(), t.to_owned(), c);
    assert_eq!(
        rows,
        [
            row("Ahmed+O’Neill", "2018", "A title of an article", false),
            row("BBC News", "n.d.", "Headline of a story", false),
            row("Smith", "2019", "A Book", true),
            row("World Health Organization", "2020", "Report", true),
        ]
    );
    assert_eq!(found.references[0].doi.as_deref(), Some("10.5555/jot.2018.3"));
    assert_eq!(found.references[1].url.as_deref(), Some("https://www.bbc.example/news/1"));
    assert!(found.references[3].text.ends_with("2024)."));
    let links: Vec<_> = found.citations.iter().map(|c| c.reference).collect();
    assert_eq!(links, [Some(2), None, Some(3)]);
}

#[test]
fn lists_in_other_layouts() {
    for (text, want) in [
        // no heading, at the end
        (
            "Prose.\n\nSmith, J. (2019) A Book. Leeds: A Press.\n\nWord count 200",
            &["Smith, J. (2019) A Book. Leeds: A Press."][..],
        ),
        // underlined heading, bullets
        (
            "Prose.\n\nREFERENCES\n==========\n* Smith, J. (2019) A Book.\n* The Open University (2024) Unit 1. Available at: https://ou.example\n",
            &[
                "Smith, J. (2019) A Book.",
                "The Open University (2024) Unit 1. Available at: https://ou.example",
            ],
        ),
        // Markdown
        (
            "Prose.\n\n## Reference list\n\nSmith, J. (2019) *A Book*. Leeds: A Press.\n\n## Appendix\n\nJones (2020) said so.",
            &["Smith, J. (2019) *A Book*. Leeds: A Press."],
        ),
        // hanging indent
        (
            "**Bibliography**\n\nSmith, J. (2019) A Book. Leeds:\n    A Press. London.\nTaylor, K. 2010. Other. Hull:\n    B Press.",
            &[
                "Smith, J. (2019) A Book. Leeds:\n    A Press. London.",
                "Taylor, K. 2010. Other. Hull:\n    B Press.",
            ],
        ),
        // numbered
        (
            "As [1] and [2].\n\nReferences\n[1] J. Smith, A Book. Leeds: A Press, 2019.\n[2] K. Jones, Other,\n    B Press, 2010.",
            &["J. Smith, A Book. Leeds: A Press, 2019.", "K. Jones, Other,\n    B Press, 2010."],
        ),
        // subheadings
        (
            "References\n\nBooks\n\nSmith, J. (2019) A Book.\n\nWebsites\n\nBBC (2020) Story. Available at: https://b.example\n",
            &["Smith, J. (2019) A Book.", "BBC (2020) Story. Available at: https://b.example"],
        ),
        // in one line with its heading
        (
            "Prose.\n\nReferences: Smith, J. (2019) A Book. Leeds: A Press.",
            &["Smith, J. (2019) A Book. Leeds: A Press."],
        ),
        // addresses alone
        (
            "Sources:\nhttps://a.example/1\nhttps://b.example/2\n",
            &["https://a.example/1", "https://b.example/2"],
        ),
    ] {
        let found = found(text);
        assert_eq!(found.references.iter().map(|r| r.text.as_str()).collect::<Vec<_>>(), want, "{text:?}");
    }
}

#[test]
fn two_lists_and_prose_between() {
    let text = "Question 1\n\nProse (Smith, 2019).\n\nReferences\n\nSmith, J. (2019) A Book.\n\nQuestion 2\n\nMore prose (Jones, 2020).\n\nReferences\n\nJones, K. (2020) Other.\n";
    let found = found(text);
    assert_eq!(found.lists.len(), 2);
    assert_eq!(found.references.len(), 2);
    assert!(found.references.iter().all(|r| r.cited));
}

/// A sentence of an answer, so that paragraphs are as long as they are.
const FILLER: &str =
    "It went on for a while in the setting, and nobody who was there at the time could have said why it did.";

#[test]
fn a_paragraph_that_opens_with_a_citation_is_no_list() {
    for opening in [
        "Bronfen’s (1979) Ecological Systems Theory puts the child in the middle. Some layers are accessed at home.",
        "Maslow’s (1943) Hierarchy of Needs explains why services can be accessed late.",
        "NHS (2023) Talking Therapies are accessed by self-referral, and 24 hours a day.",
        "Marlow (2019) ‘in his own words’ says that help is available at no cost.",
        "Ward, Osei, Lindgren et al. (2022) argue that it is available from any surgery.",
    ] {
        for after in ["\n\nThen we talked about it for an hour.", ""] {
            let text = format!(
                "{FILLER}\n\n{opening} {FILLER}{after}\n\nReferences\n\nReed, J. (2019) A Book. Leeds: A Press.\n"
            );
            let found = found(&text);
            assert_eq!(found.references.len(), 1, "{opening:?}: {:?}", found.references);
            let text = format!("{FILLER}\n\n{opening} {FILLER}{after}");
            assert!(self::found(&text).references.is_empty(), "{opening:?}");
        }
    }
    // Entries without a heading are found as before.
    for entry in [
        "Barnardo’s (2021) Young carers. Available at: https://b.example/carers (Accessed: 3 May 2025).",
        "NHS (2023) Talking Therapies. [Online] Accessed 3 May 2025.",
        "Ward, I. et al. (2022) the wards at night. Leeds: Aire Press.",
    ] {
        let text = format!("{FILLER}\n\n{entry}");
        assert_eq!(found(&text).references.len(), 1, "{entry:?}");
    }
}

#[test]
fn the_next_answer_ends_a_list() {
    let entry = "Marlow, P. (2019) Networks for Small Places. Leeds: Crane Press.";
    let answer = "A guest network keeps visitors away from the till, as Heath (2021) shows. The router gives each a name.";
    for label in [
        "2. ",
        "2) ",
        "Q1b\n\n",
        "1b) ",
        "1b\n\n",
        "1(b) ",
        "Answer 2\n\n",
        "Answer to Question 2\n\n",
        "Part Two\n\n",
        "Section B\n\n",
        "Question 2 ",
        "(b) ",
        "(b)\n\n",
    ] {
        let text = format!(
            "{FILLER}\n\nReferences\n\n{entry}\n\n{label}{answer}\n\n{FILLER}\n\nReferences\n\nHeath, O. (2021) Packets. Hull: B Press.\n"
        );
        let found = found(&text);
        let entries: Vec<_> = found.references.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(entries, [entry, "Heath, O. (2021) Packets. Hull: B Press."], "{label:?}");
        assert_eq!(found.citations.len(), 1, "{label:?}");
    }
}

#[test]
fn the_next_answer_ends_a_list_where_its_label_is_drawn() {
    let text = "References\n\nMarlow, P. (2019) Networks. Leeds: Crane Press.\n\nHeath (2021) shows how a guest is kept out.";
    let block = |range: std::ops::Range<usize>, label: Option<&str>| -> Block {
        serde_json::from_value(serde_json::json!({
            "kind": "paragraph", "start": range.start, "end": range.end, "label": label,
        }))
        .unwrap()
    };
    let at = text.find("Marlow").unwrap();
    let then = text.find("Heath").unwrap();
    for (label, entries) in [("(b)", 1), ("Question 2", 1), ("2.", 1), ("•", 2), ("o", 2)] {
        let blocks = [block(0..10, None), block(at..then - 2, None), block(then..text.len(), Some(label))];
        let found = find(text, &blocks, &Deadline::never()).unwrap();
        assert_eq!(found.references.len(), entries, "{label:?}");
    }
}

#[test]
fn numbers_of_a_list_go_on() {
    let text = "As [1] and [2].\n\nReferences\n\nBooks\n\n1. Reed, J. (2019) A Book.\n\n2. Tide tables, Hull: B Press, 2010.\n\nWebsites\n\n1. BBC (2020) Story. Available at: https://b.example\n\n2. Tides today, 2021, www.tides.example\n";
    assert_eq!(found(text).references.len(), 4);
}

#[test]
fn a_work_cited_through_another_is_no_orphan() {
    let text = "So (Penhallow, 1955, cited in Abara, 2020, p. 77). Quill (2014, cited in Abara, 2020) and Reed (2001) (as cited in Abara, 2020) agree; Black (2003) is cited by many.\n\nReferences\n\nAbara, N. (2020) Who Collects? London: Tull.\n";
    let found = found(text);
    let orphans: Vec<_> =
        found.citations.iter().filter(|c| c.is_orphan()).map(|c| c.authors.join("+")).collect();
    assert_eq!(orphans, ["Black"]);
    assert_eq!(found.citations.iter().filter(|c| c.secondary).count(), 3);
    for text in
        ["Smith (2019) reported in detail that it is so.", "So it is (Smith, 2019), discussed in class."]
    {
        let citations = self::found(text).citations;
        assert!(citations.len() == 1 && citations[0].is_orphan(), "{text}");
    }
}

#[test]
fn each_text_cites_the_list_below_it() {
    let entry = "The Open University (2024) Block. Available at: https://learn.example/b";
    let text = format!(
        "Question 1\n\nPackets travel (The Open University, 2024).\n\nReferences\n\n{entry}1\n\nQuestion 2\n\nNetworks are shared (The Open University, 2024).\n\nReferences\n\n{entry}2\n"
    );
    let links = |text: &str| found(text).citations.iter().map(|c| c.reference).collect::<Vec<_>>();
    assert_eq!(links(&text), [Some(0), Some(1)]);
    let text = "Question 1\n\nPackets travel [1].\n\nReferences\n\n[1] J. Reed, A Book. Leeds: A Press, 2019.\n\nQuestion 2\n\nNetworks are shared [1].\n\nReferences\n\n[1] K. Quill, Other. Hull: B Press, 2010.\n";
    assert_eq!(links(text), [Some(0), Some(1)]);
}

#[test]
fn editors_and_translators_are_protected() {
    let text = "References\n\nBlack, T. (2003) ‘A chapter’, in Green, A. and White, B. (eds) A Grammar. Translated by J. Brown. London: Harrow.\n";
    let found = found(text);
    let protected: Vec<_> = found.protected.iter().map(|s| s.of(text)).collect();
    assert_eq!(protected, ["Black, T.", "Green, A. and White, B.", "J. Brown"]);
}

#[test]
fn authors_fields() {
    for (text, want) in [
        ("Smith, J.", &["Smith"][..]),
        ("Smith, J., Jones, K. and Brown, L.", &["Smith", "Jones", "Brown"]),
        ("Smith, J. et al.", &["Smith"]),
        ("Smith, John", &["Smith"]),
        ("Green, A. and White, B. (eds)", &["Green", "White"]),
        ("The Open University", &["The Open University"]),
        (
            "Department for Business, Energy and Industrial Strategy",
            &["Department for Business, Energy and Industrial Strategy"],
        ),
        ("NHS England and NHS Improvement", &["NHS England and NHS Improvement"]),
        ("World Health Organization (WHO)", &["World Health Organization (WHO)"]),
        ("van der Berg, A.; de la Cruz, M.", &["van der Berg", "de la Cruz"]),
        ("BBC", &["BBC"]),
    ] {
        let names = entry::author_names(text);
        assert_eq!(names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), want, "{text:?}");
    }
}

#[test]
fn long_hostile_texts_end_soon() {
    let deadline = Deadline::after(std::time::Duration::from_secs(20));
    for unit in [
        "(",
        "(2019",
        "(Smith, 2019; ",
        "Smith (2019) ",
        "References\n",
        "Smith, J. (2019) A Book.\n",
        "((((2019))))",
        "Smith, J. (2019) A\n\n",
        "References: Smith, J. (2019) A.\n",
        "et al. and ",
        "[1] ",
        ", ",
        "A ",
        "\n\n",
        "(n.d.) ",
        "Smith, J. (2019) a b c\nfoo bar\n",
        "https://x.example/2019 ",
        "‘",
        "Books\n\n",
    ] {
        let text = unit.repeat(60_000 / unit.len());
        assert!(find(&text, &[], &deadline).is_ok(), "{unit:?}");
    }
}

proptest! {
    #[test]
    fn spans_fit_whatever_the_text(text in "((Smith|Jones|van|et al\\.|and|The Open University|ÅØ|’s|References|Available at: https://a.b/c)[ ,;]{0,2}|[(\\[)\\]]|2019|n\\.d\\.|p\\. 4|\n\n?|\\PC){0,60}") {
        let found = found(&text);
        for c in &found.citations {
            prop_assert_eq!(text.get(c.start..c.end), Some(c.text.as_str()));
            prop_assert!(c.reference.is_none_or(|i| i < found.references.len()));
        }
        for r in &found.references {
            prop_assert_eq!(text.get(r.start..r.end), Some(r.text.as_str()));
        }
        let mut at = 0;
        for s in &found.protected {
            prop_assert!(s.start >= at && !s.of(&text).is_empty());
            at = s.end;
        }
    }
}

/// Entries as students write them, web pages above all.
const ENTRIES: &[&str] = &[
    "Ahmed, S. and O’Neill, P. (2018) ‘A title of an article in a journal’, Journal of Things, 12(3), pp. 4–9. doi: 10.5555/jot.2018.3.",
    "BBC News (2023) ‘Headline of a story that is long’, 3 March. Available at: https://www.bbc.example/news/uk-12345678 (Accessed: 5 April 2024).",
    "Department for Education (2021) Keeping Children Safe in Education: Statutory Guidance for Schools. London: Department for Education.",
    "Gov.uk (no date) Universal Credit: What it is. Available at: https://www.gov.example/universal-credit (Accessed: 1 May 2024).",
    "‘How to write a paragraph’ (2022) Available at: https://study.example/paragraph (Accessed: 2 May 2024).",
    "Mbeki-Harris, S., van der Berg, A. and Çelik, Ö. (2011) Small Orders. 2nd edn. Sheffield: Don Valley Books.",
    "NHS (2024a) Stress. Available at: https://www.nhs.example/mental-health/stress/ (Accessed: 3 May 2024).",
    "Office for National Statistics (ONS) (2022) Census 2021. Available at: https://www.ons.example/census (Accessed: 3 May 2024).",
    "Taylor, K. (2010) ‘A chapter of a book’, in Green, A. and White, B. (eds) A Grammar of Things. London: Harrow Lane, pp. 20–41.",
    "The Open University (2024) ‘1.2 Networks’, TM112 Block 1 Part 2. Available at: https://learn2.open.example/mod/view.php?id=123 (Accessed: 4 May 2024).",
    "World Health Organization (2020) Report on Walking. Geneva: World Health Organization.",
    "Young, J.R. (1999) Thirty Rules: Trading on the Street. Leeds: Aire Press.",
];

/// Breaks a text into lines of at most `width` bytes where it has blanks.
fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut line = 0;
    for word in text.split(' ') {
        if line > 0 && line + 1 + word.len() > width {
            out.push('\n');
            out.push_str(indent);
            line = indent.len();
        } else if line > 0 {
            out.push(' ');
            line += 1;
        }
        out.push_str(word);
        line += word.len();
    }
    out
}

#[test]
fn lists_are_split_however_they_are_wrapped() {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (between, indent) in [("\n", ""), ("\n", "    "), ("\n\n", ""), ("\n\n", "\t")] {
        for width in [45, 52, 60, 66, 72, 80, 90, 100, 400] {
            for heading in ["References\n\n", "Reference List\n", ""] {
                // Without heading and blank lines, nothing tells a wrapped list from prose beyond doubt.
                let list: Vec<_> = ENTRIES.iter().map(|e| wrap(e, width, indent)).collect();
                let text =
                    format!("Some prose about walking (Young, 1999).\n\n{heading}{}\n", list.join(between));
                let found = found(&text);
                let got: Vec<_> = found.references.iter().map(|r| plain(&r.text)).collect();
                assert_eq!(got, ENTRIES, "width {width}, {between:?}, {indent:?}, {heading:?}");
                assert_eq!(found.citations.first().and_then(|c| c.reference), Some(ENTRIES.len() - 1));
            }
        }
    }
}

#[test]
fn other_styles_of_entry() {
    for (entry, authors, year, title) in [
        (
            "Smith, J., & Jones, K. (2019). The title of a book. Press.",
            "Smith+Jones",
            "2019",
            "The title of a book",
        ),
        ("Smith, John. *The Title*. Press, 2019.", "Smith", "2019", "The Title"),
        ("Smith, J. 2019. The title of a book. London: Press.", "Smith", "2019", "The title of a book"),
        (
            "Gov.uk. (n.d.). Universal Credit. [online] Available at: https://g.example/uc [Accessed 3 May 2024].",
            "Gov.uk",
            "n.d.",
            "Universal Credit",
        ),
        (
            "YouTube (2020) How it works. 4 May. Available at: https://y.example/xyz",
            "YouTube",
            "2020",
            "How it works",
        ),
        ("Smith, J. (ed.) (2019) The Title. Leeds: Press.", "Smith", "2019", "The Title"),
        ("Smith, J. and Jones, K. (eds) (2019) The Title. Leeds: Press.", "Smith+Jones", "2019", "The Title"),
        ("Smith, J. et al. (2019) ‘The title’, Journal, 2(1).", "Smith", "2019", "The title"),
        ("Marx, K. (1990 [1867]) Capital. London: Press.", "Marx", "1990", "Capital"),
        ("Marx, K. (1867/1990) Capital. London: Press.", "Marx", "1867", "Capital"),
        (
            "Smith, J. (2019, March 4). The title. The Paper. https://p.example/1",
            "Smith",
            "2019",
            "The title",
        ),
        ("Ng, A. (2019b) \"A title\", Journal, 3.", "Ng", "2019b", "A title"),
        ("Al-Rashid, M. (in press) A Title. Leeds: Press.", "Al-Rashid", "in press", "A Title"),
    ] {
        let text = format!("References\n\n{entry}\n");
        let found = found(&text);
        let reference = found.references.first().unwrap_or_else(|| panic!("{entry}"));
        let got = (
            reference.authors.join("+"),
            reference.year.as_deref().unwrap_or("-"),
            reference.title.as_deref().unwrap_or("-"),
        );
        assert_eq!(got, (authors.to_owned(), year, title), "{entry:?}");
    }
}

/// The list knows `Brannock` and `Voss` as two people, and `Health and Safety Executive` as one body.
#[test]
fn several_people_of_the_list_are_several_and_a_body_is_one() {
    let text = "So it is (Brannock and Voss, 2020, p. 4; Ward et al., 2022; Health and Safety Executive, 2021).\n\nReferences\n\n\
        Brannock, L. and Voss, T. (2020) Time and Dignity. Bristol: Quayside.\n\n\
        Health and Safety Executive (2021) Annual report. Available at: https://firm.example/report (Accessed: 3 March 2025).\n\n\
        Ward, I., Osei, K. and Lindgren, M. (2022) Guests. Leeds: Crane Press.";
    let found = found(text);
    let authors: Vec<String> = found.citations.iter().map(|c| c.authors.join("+")).collect();
    assert_eq!(authors, ["Brannock+Voss", "Ward", "Health and Safety Executive"]);
    assert_eq!(found.citations.iter().map(|c| c.reference).collect::<Vec<_>>(), [Some(0), Some(2), Some(1)]);
}
