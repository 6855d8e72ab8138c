#!/usr/bin/perl
# A process that speaks the Core Bridge's packet framing, and misbehaves as the command says.
# Arguments: "deaf" reads nothing; "exit N" ends at once with status N; "stubborn" ignores signals and the end of stdin.
use strict;
use warnings;

binmode STDIN;
binmode STDOUT;
$| = 1;

my $mode = shift // "";
exit(shift // 0) if $mode eq "exit";
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

my @held;
while (1) {
    my $body = take(unpack("N", take(4)));
    my ($id) = $body =~ /"request_id":"([^"]*)"/;
    my ($command) = $body =~ /"command":"([^"]*)"/;

    if    ($command eq "echo")    { answer($id, "{\"bytes\":" . length($body) . "}"); }
    elsif ($command eq "pid")     { answer($id, "{\"pid\":$$}"); }
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
    else                          { answer($id, "{}"); }
}
