#!/usr/bin/perl
# A process that speaks the Core Bridge's packet framing, and misbehaves as the command says.
# Of the core's commands it makes what the host needs to go on; words in the TMA make it misbehave: POISON kills it each
# time, POISON_ONCE the first time (a file of that name in its folder remembers), HANG hangs, DAMAGED, CRASH refuse.
# Arguments: "deaf" reads nothing; "late N" begins to after N seconds; "exit N" ends at once with status N; "stubborn" ignores signals and the end of stdin.
use strict;
use warnings;

binmode STDIN;
binmode STDOUT;
$| = 1;

my $mode = shift // "";
exit(shift // 0) if $mode eq "exit";
if ($mode eq "--version") { print "fake\n"; exit 0; }
if ($mode eq "late") { sleep(shift); }
if ($mode eq "deaf") { sleep 1 while 1; }
if ($mode eq "stubborn") { $SIG{$_} = "IGNORE" for qw(TERM INT HUP PIPE); }

sub packet { my $body = shift; print pack("N", length $body), $body; }
sub answer { my ($id, $data) = @_; packet("{\"request_id\":\"$id\",\"success\":true,\"data\":$data}"); }

sub take {
    my $wanted = shift;
    my $got = "";
    while (length($got) < $wanted) {
        my $n = sysread(STDIN, $got, $wanted - length($got), length($got));
        if (!$n) { if ($mode eq "stubborn") { sleep 1 while 1; } exit 0; }
    }
    return $got;
}

sub refuse {
    my ($id, $code) = @_;
    packet("{\"request_id\":\"$id\",\"success\":false,\"error\":{\"code\":\"$code\",\"message\":\"It is $code.\"}}");
}

sub tma_id { my ($id) = shift =~ /"tma_id":"([^"]*)"/; return $id // ""; }

sub anonymize {
    my ($id, $body) = @_;
    my $marker = ($ENV{FAKE_CORE_DIR} // "/nonexistent") . "/poisoned";
    if ($body =~ /POISON_ONCE/) {
        if (!-e $marker) { open(my $file, ">", $marker); close $file; kill 9, $$; }
    }
    elsif ($body =~ /POISON/)  { kill 9, $$; }
    elsif ($body =~ /HANG/)    { sleep 1 while 1; }
    elsif ($body =~ /DAMAGED/) { return refuse($id, "document_damaged"); }
    elsif ($body =~ /CRASH/)   { return refuse($id, "internal"); }
    elsif ($body =~ /SLOW/)    { select(undef, undef, undef, 1.5); }
    my $tma = tma_id($body);
    answer($id, qq({"tma_id":"$tma","student_id":"stu_x","content":{"text":"By [STUDENT]."},)
      . qq("anonymization":{"pseudonym":"stu_x","replacements":[],"counts":{"NAME_STUDENT":1},"citations_kept":0}}));
}

sub parsed {
    my $tma = tma_id(shift);
    return qq({"tma_id":"$tma","student_id":"stu_x","text":"By [STUDENT].","blocks":[],"questions":[],"citations":[],)
      . qq("references":[],"headings":[],"counts":{"words":2},"metadata":{},"warnings":[],"rubric":{"secret":1}});
}

sub feedback {
    return qq({"grade":70.0,"feedback_text":"Good.","strengths":["Clear."],"improvements":[],)
      . qq("marking_criteria":{"schema":"awap:feedback/1","criteria":[],"needs_review":[],)
      . qq("provenance":{"engine":"fake","deterministic":true}}});
}

my @held;
while (1) {
    my $body = take(unpack("N", take(4)));
    my ($id) = $body =~ /"request_id":"([^"]*)"/;
    my ($command) = $body =~ /"command":"([^"]*)"/;

    if    ($command eq "echo")    { answer($id, "{\"bytes\":" . length($body) . "}"); }
    elsif ($command eq "pid")     { answer($id, "{\"pid\":$$}"); }
    elsif ($command eq "slow_pid") { select(undef, undef, undef, 2); answer($id, "{\"pid\":$$}"); }
    elsif ($command eq "env")     { answer($id, "{\"seal\":\"" . ($ENV{AWAP_SEAL_KEY} // "none") . "\"}"); }
    elsif ($command eq "refuse")  { packet("{\"request_id\":\"$id\",\"success\":false,\"error\":{\"code\":\"invalid_input\",\"message\":\"No.\"}}"); }
    elsif ($command eq "hold")    { push @held, $id; }
    elsif ($command eq "release") { answer($_, "{\"held\":true}") for reverse @held; @held = (); answer($id, "{}"); }
    elsif ($command eq "silent")  { }
    elsif ($command eq "hang")    { sleep 1 while 1; }
    elsif ($command eq "child")   { system("sleep 300 & "); answer($id, "{}"); sleep 1 while 1; }
    elsif ($command eq "die")     { kill 9, $$; }
    elsif ($command eq "quit")    { exit 3; }
    elsif ($command eq "garbage") { packet("this is no JSON"); }
    elsif ($command eq "flood")   { packet('{"request_id":"nobody","success":true,"data":{}}') while 1; }
    elsif ($command eq "twice")   { answer($id, "{}"); answer($id, "{}"); }
    elsif ($command eq "closed")  { close STDIN; close STDOUT; sleep 1 while 1; }
    elsif ($command eq "health_check") { answer($id, '{"status":"healthy","version":"0"}'); }
    elsif ($command eq "anonymize_student") { anonymize($id, $body); }
    elsif ($command eq "parse_tma") { answer($id, parsed($body)); }
    elsif ($command eq "generate_feedback") { answer($id, feedback()); }
    elsif ($command eq "write_feedback") { answer($id, '{"content_type":"application/x-word","extension":"docx","data_base64":"UEs="}'); }
    elsif ($command eq "prepare_suggestions") { answer($id, '{"request":{"text":"x","questions":[],"criteria":[]}}'); }
    elsif ($command eq "merge_suggestions") { answer($id, feedback()); }
    else                          { answer($id, "{}"); }
}
