"""What the edge does with SIP, in Kamailio's own language; `sipbot.edge_config` fills it in.

A word in @ is replaced.  Kamailio runs this for each request that it has parsed.  The order is:
what ends an agent is dropped, strangers are told off cheaply, what is malformed or too large is
answered, and only then is anything remembered.  A request within a call is passed on only when it
comes from where the call came from: the mark in the Record-Route (RFC 3261 section 16.6) is a hash
that only we can make, so that this holds also after a restart of Kamailio.
"""

ROUTES = r"""
request_route {
    # Only we say where a call really came from.
    remove_hf("@SOURCE@");
    if ($Rp == @INNER_PORT@ && $Ri == "127.0.0.1") {
        route(FROM_AGENT);
    } else {
        route(FROM_OUTSIDE);
    }
    exit;
}

route[FROM_OUTSIDE] {
    # Such an ACK ends an agent (pjproject #4203); a right one always has the To-tag of our answer.
    if (is_method("ACK") && !has_totag()) exit;
    route(NETWORK);
    if ($var(network) == 0 && !has_totag()) {
        route(STRANGER);
        exit;
    }
    if ($ml > @MESSAGE_BYTES@) {
        sl_send_reply("513", "Message Too Large");
        exit;
    }
    if (!sanity_check("@SANITY@", "7")) exit;
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    route(HEADERS);
    if (!is_method("INVITE|ACK|BYE|CANCEL|OPTIONS|INFO|UPDATE|PRACK")) {
        append_to_reply("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK\r\n");
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    if (is_method("CANCEL")) {
        # Who has seen the Via of an INVITE can copy it, and an address is not in its branch.
        if (t_lookup_cancel() && $T_inv($si) == $si && t_check_trans()) {
            ds_load_unset();
            t_relay();
        }
        exit;
    }
    if (has_totag()) {
        route(WITHIN);
    } else if (is_method("INVITE")) {
        route(NEW);
    } else if (is_method("OPTIONS")) {
        # Who asks before sending calls, a trunk or a front, must not send them while we start.
        if (ds_select_dst("1", "4")) {
            sl_send_reply("200", "OK");
        } else {
            append_to_reply("Retry-After: @RETRY_AFTER_S@\r\n");
            sl_send_reply("503", "Not Ready");
        }
    } else {
        sl_send_reply("481", "Call Does Not Exist");
    }
    exit;
}

# Which entry of sip.allow the sender is in, from 1; 0: none.
route[NETWORK] {
    $var(network) = 0;
@NETWORKS@
}

route[STRANGER] {
    if (!is_method("INVITE")) exit;
    $var(why) = "source";
    $var(code) = 403;
    route(COUNT);
    if ($var(first) == 0) exit;
@STRANGER@
}

# Counted for a minute; the first few of a sender are told to sipbot one by one, the others as a
# sum.  Addresses can be invented: when there are too many, those that are new share one count.
route[COUNT] {
    $var(first) = 0;
    # The minute is in the key: what is counted up after its time begins at 0, untold.
    $var(minute) = $Ts / @MINUTE_S@;
    $var(key) = $var(why) + ":" + $var(minute) + ":" + $si;
    $var(all) = $var(why) + ":" + $var(minute);
    if ($sht(refused=>$var(key)) == 0 && $shtinc(told=>$var(all):sources) > @SOURCES@) {
        $var(key) = $var(all) + ":others";
        $var(times) = $shtinc(refused=>$var(key));
        return;
    }
    $var(times) = $shtinc(refused=>$var(key));
    if ($var(times) > @TOLD@ || $shtinc(told=>$var(all):rows) > @TOLD_IN_ALL@) return;
    $var(first) = 1;
    if ($ml > @MESSAGE_BYTES@) return;
    $var(times) = $shtinc(rows=>$var(key));
    route(TELL);
}

event_route[htable:expired:refused] {
    $var(untold) = $shtrecord(value) - $sht(rows=>$shtrecord(key));
    if ($var(untold) > 0) xlog("L_WARN", "@TOKEN@ untold $shtrecord(key) $var(untold)\n");
    $sht(rows=>$shtrecord(key)) = $null;
}

# Tell sipbot of a refused INVITE; the token keeps callers from writing such a line by themselves.
route[TELL] {
    xlog("L_WARN", "@TOKEN@ refused $var(why) $var(code) $si:$sp $(mb{s.encode.base64})\n");
}

# List headers this long overflow a buffer of the agents' library (pjproject d6a0e7f76).
route[HEADERS] {
    if ($(hdr(Supported){s.len}) > 512 || $(hdr(Allow){s.len}) > 512
            || $(hdr(Require){s.len}) > 512 || $(hdr(Accept){s.len}) > 512) {
        if (!is_method("ACK")) sl_send_reply("400", "Header Too Long");
        exit;
    }
}

route[REFUSE] {
    route(TELL);
    if ($var(code) == 503) append_to_reply("Retry-After: @RETRY_AFTER_S@\r\n");
    t_reply("$var(code)", "$var(reason)");
    exit;
}

# One SDP with one audio section and no more lines than 64 keys of SRTP could have
# (CVE-2026-57162); a body of another kind, multipart above all, has ended agents.
route[BODY] {
    $var(why) = "";
    # A multipart of nothing ends an agent as well.
    if (($rb == $null || $(rb{s.len}) == 0) && !($cT =~ "multipart")) return;
    if (is_method("INFO") && $cT =~ "^application/dtmf-relay") return;
    if (!($cT =~ "^application/sdp[ ]*(;|$)")) {
        $var(why) = "body";
        $var(code) = 415;
        $var(reason) = "Unsupported Media Type";
        return;
    }
    if ($(rb{line.count}) > @SDP_LINES@
            || search_body("\nm=audio([^\n]*\n)+m=audio")
            || search_body("\nm=([^\n]*\n)+m=([^\n]*\n)+m=")
            || (search_body("\na=ptime:") && !search_body("\na=ptime:[1-6]0[^0-9]"))) {
        $var(why) = "media";
        $var(code) = 488;
        $var(reason) = "Not Acceptable Here";
    }
}

route[NEW] {
    # A copy of an INVITE gets what the first one got, and ends here.
    t_check_trans();
    route(RATE);
    t_newtran();
    route(BODY);
    if ($var(why) != "") route(REFUSE);
    append_hf("@SOURCE@: $si:$sp\r\n");
    $var(mark) = "@SECRET@|" + $ci + "|" + @DIALOG_FROM@;
    record_route(";by=$(var(mark){s.sha256}{s.substr,0,32})");
@ALIAS@
    t_on_reply("ANSWER");
    t_on_failure("NEXT_AGENT");
    t_set_fr(@RING_MS@, @SILENCE_MS@);
    if (!ds_select_dst("1", "10", "@TRIES@")) route(FULL);
    if (!t_relay()) route(FULL);
}

# Refused without a transaction: a flood would fill Kamailio's memory with them.
route[RATE] {
    $var(by) = $si;
    if ($sht(rate=>$si::$Ts) == 0 && $shtinc(rate=>sources::$Ts) > @SOURCES@) $var(by) = "others";
    if ($shtinc(rate=>$var(by)::$Ts) <= @INVITES_PER_S@) return;
    $var(why) = "rate";
    $var(code) = 503;
    route(COUNT);
    append_to_reply("Retry-After: @RETRY_AFTER_S@\r\n");
    sl_send_reply("503", "Too Many Calls");
    exit;
}

route[FULL] {
    ds_load_unset();
    $var(why) = "capacity";
    $var(code) = 503;
    $var(reason) = "All Lines Busy";
    route(REFUSE);
}

# From outside only what answers a request of ours: others would go where their second Via says.
onreply_route {
    if (!($Rp == @INNER_PORT@ && $Ri == "127.0.0.1") && !t_check_trans()) drop;
}

onreply_route[ANSWER] {
    if (status =~ "2[0-9][0-9]") ds_load_update();
}

# 486 is an agent that has no line or is about to end; without any answer it is dead.
failure_route[NEXT_AGENT] {
    if (t_is_canceled()) {
        # No agent has told of this call; one that says 487 has.
        if (t_check_status("486") || (t_branch_timeout() && !t_branch_replied())) {
            ds_load_unset();
            $var(why) = "capacity";
            $var(code) = 487;
            route(TELL);
        }
        exit;
    }
    if (t_check_status("486") || (t_branch_timeout() && !t_branch_replied())) {
        if (ds_next_dst()) {
            t_on_reply("ANSWER");
            t_on_failure("NEXT_AGENT");
            if (t_relay()) exit;
        }
        route(FULL);
    }
    ds_load_unset();
}

route[WITHIN] {
    $var(mark) = "@SECRET@|" + $ci + "|" + @DIALOG_FROM@;
    $var(caller) = $(var(mark){s.sha256}{s.substr,0,32});
    $var(mark) = "@SECRET@|" + $ci + "|out";
    $var(called) = $(var(mark){s.sha256}{s.substr,0,32});
    $var(by) = "";
    if ($route_uri != $null) $var(by) = $(route_uri{uri.params}{param.value,by});
    if (!loose_route()) {
        # The ACK to a refusal of ours goes no further.
        if (is_method("ACK")) {
            t_check_trans();
        } else {
            sl_send_reply("481", "Call Does Not Exist");
        }
        exit;
    }
    if (($var(by) != $var(caller) && $var(by) != $var(called))
            || $rd != "127.0.0.1" || $rp < @FIRST_AGENT@ || $rp > @LAST_AGENT@ || $du != $null) {
        if (!is_method("ACK")) sl_send_reply("403", "Not Of This Call");
        exit;
    }
    route(BODY);
    if ($var(why) != "") {
        if (!is_method("ACK")) sl_send_reply("$var(code)", "$var(reason)");
        exit;
    }
    if (is_method("BYE")) ds_load_unset();
@ALIAS@
    t_relay();
}

# Agents are known by their ports; nobody else on this machine is asked to call.
route[FROM_AGENT] {
    if (is_method("OPTIONS") && !has_totag()) {
        sl_send_reply("200", "OK");
        exit;
    }
    if ($si != "127.0.0.1" || $sp < @FIRST_AGENT@ || $sp > @LAST_AGENT@) exit;
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (has_totag()) {
        if (is_method("BYE")) ds_load_unset();
        if (loose_route() || (is_method("ACK") && t_check_trans())) {
@BY_ALIAS@
            t_relay();
        }
        exit;
    }
    if (!is_method("INVITE")) {
        if (!is_method("ACK")) sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    t_check_trans();
    loose_route_preloaded();
    $var(mark) = "@SECRET@|" + $ci + "|out";
    record_route(";by=$(var(mark){s.sha256}{s.substr,0,32})");
    force_send_socket(@OUTER@);
    t_set_fr(@RING_MS@, 8000);
    if (!t_relay()) sl_reply_error();
}
"""
