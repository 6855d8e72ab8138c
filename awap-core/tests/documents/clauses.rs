//! Where each promise about reading and about the structure of a TMA is tested.
//!
//! A line names a promise, and the tests that fail where it is broken; [`every_test_named_is_there`] holds the table against
//! the sources. Beside them, `tma_gold::structure_is_read_in_every_layout` scores whole fixture TMAs.
//!
//! | promise | tests |
//! | --- | --- |
//! | **Word** | |
//! | automatic numbers are resolved | `numbers_that_are_not_in_the_text_are_labels`, `counts_restarts_and_patterns` |
//! | styles, outline levels | `styles_and_looks_make_headings`, `inheritance_outline_and_circles` |
//! | bold short lines are headings | `styles_and_looks_make_headings`, `what_is_set_apart` |
//! | tables, nested and merged | `tables_code_images_and_equations`, `tables_within_tables_and_merged_cells` |
//! | text boxes once | `text_boxes_are_read_once_and_apart`, `a_fallback_is_read_only_without_its_choice` |
//! | content controls | `content_controls_show_what_they_hold_and_not_what_they_are` |
//! | footnotes, endnotes | `notes_comments_headers_each_have_their_part`, `endnotes_have_a_part_of_their_own` |
//! | comments | `notes_comments_headers_each_have_their_part` |
//! | tracked changes | `tracked_changes_read_as_accepted`, `what_was_moved_stands_where_it_was_moved_to`, `the_mark_that_is_left_decides_what_a_paragraph_is` |
//! | fields, hyperlinks | `fields_show_their_result_and_links_keep_their_target`, `fields_within_fields_show_the_outer_result_once` |
//! | equations | `equations_read_within_their_sentence`, `structures_read_as_text`, `each_line_of_an_equation_is_a_line` |
//! | code by font or style | `tables_code_images_and_equations`, `code_is_told_by_the_style_of_paragraph_or_character`, `an_essay_in_a_fixed_width_font_is_prose` |
//! | images, alternative text | `images_are_counted_with_what_is_said_in_their_place` |
//! | strict files | `strict_files_and_lost_ends_are_read` |
//! | macros and templates | `documents_with_macros_and_templates_are_read_as_their_base` |
//! | **PDF** | |
//! | columns | `pdf_columns_are_read_one_after_the_other` |
//! | hyphens | `pdf_paragraphs_headings_and_hyphens` |
//! | ligatures | `pdf_ligatures_are_letters` |
//! | headers and footers | `pdf_headers_footers_and_tables`, `pdf_questions_that_begin_pages_are_no_header`, `numbers_of_pages_are_alike_and_those_of_parts_are_not` |
//! | footnotes | `pdf_footnotes_are_told_from_the_body` |
//! | gaps in ToUnicode | `pdf_codes_that_to_unicode_leaves_out_are_read_by_the_encoding`, `pdf_fonts_that_say_nothing_make_a_warning` |
//! | rotated text | `pdf_rotated_text_and_pages_are_read_in_their_own_direction`, `pdf_slanted_text_is_read_along_its_line` |
//! | scans | `pdf_without_text_says_so`, `pdf_pages_of_which_only_some_are_pictures_say_so` |
//! | passwords | `pdf_with_a_password_says_so_and_one_without_is_read`, `files_with_a_password_say_so` |
//! | **Other formats** | |
//! | ODT | `odt_lists_notes_and_styles`, `odt_lists_that_go_on_after_an_answer`, `odt_formulas_stand_in_their_sentence`, `odt_shapes_of_all_kinds_lie_beside_the_text` |
//! | RTF | `rtf_text_tables_and_notes`, `rtf_fonts_without_groups_have_their_own_names`, `rtf_tables_beside_the_body_are_none_of_the_body`, `rtf_pages_end_paragraphs` |
//! | Markdown | `markdown_blocks_and_front_matter`, `markdown_between_rules_is_text` |
//! | HTML | `elements_make_blocks`, `references_and_attributes`, `all_names_of_references_are_known`, `elements_of_xhtml_that_hold_nothing_end_where_they_begin`, `the_label_of_an_empty_item_stays_with_it` |
//! | plain text, encodings | `looks_of_lines`, `encodings`, `a_few_slips_leave_utf8_what_it_is` |
//! | format told by content | `bytes_before_type_before_name` |
//! | **Cover sheet** | |
//! | fields in lines | `covers_in_many_layouts` |
//! | fields in tables | `a_table_of_fields` |
//! | headers, text boxes, file names | `page_headers_text_boxes_and_file_names` |
//! | declared word count | `word_counts_as_declared` |
//! | nothing taken from the body | `the_body_does_not_speak_for_the_cover` |
//! | **Questions** | |
//! | labels in students' styles | `labels_as_students_write_them`, `ids_are_normalised`, `questions_in_every_layout` |
//! | automatic numbers, tables | `questions_of_a_word_processor` |
//! | restated, out of order, the rubric's ids, essays | `questions_in_every_layout` |
//! | an answer for each field of a form | `a_form_has_a_question_for_each_answer` |
//! | **Citations** | |
//! | author and year | `author_year_citations_in_all_forms`, `organisations_and_names_of_many_kinds`, `brackets_that_are_no_citations` |
//! | several in a bracket, secondary | `author_year_citations_in_all_forms` |
//! | page numbers | `author_year_citations_in_all_forms`, `pages_stand_after_the_year` |
//! | numbered styles | `brackets_are_expanded`, `lists_in_other_layouts` |
//! | lists split into entries | `a_list_with_a_heading_and_wrapped_lines`, `lists_in_other_layouts`, `two_lists_and_prose_between` |
//! | lists of web pages | `lists_are_split_however_they_are_wrapped`, `lists_in_other_layouts` |
//! | linked, orphans of both kinds | `citations_find_their_reference`, `a_list_with_a_heading_and_wrapped_lines`, `both_kinds_of_orphan_are_reported` |
//! | **Word counts** | |
//! | as Word counts | `words_are_what_white_space_parts` |
//! | as the module counts | `counts_leave_out_what_the_student_did_not_write`, `headings_within_an_answer_count_towards_the_limit` |
//! | **Damage and limits** | |
//! | read with a warning | `a_part_that_breaks_off_is_read_as_far_as_it_goes`, `truncated_anywhere`, `fixtures_cut_off_at_every_kilobyte_get_an_answer` |
//! | a clear error | `limits_hold`, `hostile_word_files_get_their_answer`, `hostile_odt_files_get_their_answer`, `hostile_pdf_files_get_their_answer`, `hostile_texts_get_their_answer` |
//! | a small stack, a deadline | `deep_nesting_needs_no_stack`, `a_deadline_that_has_passed_ends_the_work` |
//! | the same answer every time | `the_same_document_over_threads` |

use std::collections::BTreeSet;
use std::path::Path;

/// Every test in the sources below a folder, by name.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = std::fs::read_to_string(path).unwrap();
            for after in source.split("#[test]").skip(1) {
                let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
                names.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
}

#[test]
fn every_test_named_is_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there = BTreeSet::new();
    tests_below(&package.join("src"), &mut there);
    tests_below(&package.join("tests"), &mut there);
    let rows: Vec<&str> =
        include_str!("clauses.rs").lines().filter_map(|line| line.strip_prefix("//! | ")).skip(2).collect();
    assert!(rows.len() > 50, "the table is read");
    for row in rows.iter().filter(|row| !row.starts_with("**")) {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test is named: {row}");
        for name in named {
            assert!(there.contains(name), "no test of this name: {name}");
        }
    }
}
