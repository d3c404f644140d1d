"""What a front does with SIP, in Kamailio's own language; `sipbot.front_config` fills it in.

A word in @ is replaced.  A front stands before several machines with a sipbot each, its nodes, and
keeps nothing that a call needs: who may speak in a call is in the mark of its Record-Route, which
every front with the same secret can judge.  What is malformed or hostile each node's own edge
judges once more (`sipbot.edge_routes`).
"""

ROUTES = r"""
request_route {
    # Such an ACK ends an agent (pjproject #4203); a right one always has the To-tag of our answer.
    if (is_method("ACK") && !has_totag()) exit;
    route(SENDER);
    if ($var(node) == 0 && $var(network) == 0) {
        if (is_method("INVITE") && !has_totag()) {
@STRANGER@
        }
        exit;
    }
    if ($ml > @MESSAGE_BYTES@) {
        if (!is_method("ACK")) sl_send_reply("513", "Message Too Large");
        exit;
    }
    if (!sanity_check("@SANITY@", "7")) exit;
    if (!mf_process_maxfwd_header("10")) {
        if (!is_method("ACK")) sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (!is_method("INVITE|ACK|BYE|CANCEL|OPTIONS|INFO|UPDATE|PRACK")) {
        append_to_reply("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK\r\n");
        sl_send_reply("405", "Method Not Allowed");
    } else if (is_method("CANCEL")) {
        # Who has seen the Via of an INVITE can copy it, and an address is not in its branch.
        if (t_lookup_cancel() && $T_inv($si) == $si && t_check_trans()) {
            ds_load_unset();
            t_relay();
        }
    } else if (has_totag()) {
        route(WITHIN);
    } else if (is_method("OPTIONS")) {
        route(HEALTH);
    } else if (!is_method("INVITE")) {
        sl_send_reply("481", "Call Does Not Exist");
    } else if ($var(node) != 0) {
        # Nodes call out by accounts of their own.
        sl_send_reply("403", "Forbidden");
    } else {
        route(NEW);
    }
    exit;
}

# Which node sent this, from 1, or else which entry of front.allow; 0: neither.
route[SENDER] {
    $var(node) = 0;
    $var(network) = 0;
@NODES@
@NETWORKS@
}

# What a trunk or a load balancer asks before it sends calls here.
route[HEALTH] {
    if (ds_select_dst("1", "4")) {
        sl_send_reply("200", "OK");
    } else {
        append_to_reply("Retry-After: @RETRY_AFTER_S@\r\n");
        sl_send_reply("503", "No Node");
    }
}

route[NEW] {
    # A copy of an INVITE gets what the first one got, and ends here.
    t_check_trans();
    t_newtran();
    if ($shtinc(rate=>$si::$Ts) > @INVITES_PER_S@) {
        $var(why) = "rate";
        route(REFUSE);
    }
    $var(mark) = "@SECRET@|" + $ci + "|" + $var(network);
    record_route(";by=$(var(mark){s.sha256}{s.substr,0,32})");
    t_on_reply("ANSWER");
    t_on_failure("NEXT_NODE");
    # Silence, and a node that said 100 and died: both are found out before a caller gives up.
    t_set_fr(@SETUP_MS@, @SILENCE_MS@);
    # 10: the node with the fewest calls that has not its most (maxload).
    if (!ds_select_dst("1", "10", "@TRIES@")) route(FULL);
    if (!t_relay()) route(FULL);
}

route[FULL] {
    ds_load_unset();
    $var(why) = "capacity";
    route(REFUSE);
}

route[REFUSE] {
    xlog("L_WARN", "sipbot front refused $var(why) from $si:$sp, call $ci\n");
    append_to_reply("Retry-After: @RETRY_AFTER_S@\r\n");
    t_reply("503", "All Lines Busy");
    exit;
}

# Answers to what we never asked go nowhere.
onreply_route {
    if (!t_check_trans()) drop;
}

onreply_route[ANSWER] {
    if (status =~ "2[0-9][0-9]") ds_load_update();
    # The node has the call in its ledger, and lets it ring as the client's file says.
    if (status =~ "18[0-9]") t_set_fr(@RING_MS@, @SILENCE_MS@);
}

failure_route[NEXT_NODE] {
    if (t_is_canceled()) {
        ds_load_unset();
        exit;
    }
    if (t_branch_timeout() || t_check_status("408|486|500|503")) {
        if (t_branch_timeout() && !t_branch_replied()) {
            # Nobody is asked again before an OPTIONS has been answered.
            ds_mark_dst("ip");
            xlog("L_WARN", "sipbot front: no answer from $du, call $ci\n");
        }
        if (ds_next_dst()) {
            t_on_reply("ANSWER");
            t_on_failure("NEXT_NODE");
            t_set_fr(@SETUP_MS@, @SILENCE_MS@);
            if (t_relay()) exit;
        }
        route(FULL);
    }
    ds_load_unset();
}

route[WITHIN] {
    $var(mark) = "@SECRET@|" + $ci + "|" + $var(network);
    $var(caller) = $(var(mark){s.sha256}{s.substr,0,32});
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
    if ($var(node) == 0) {
        $var(ours) = 0;
@NEXT_HOPS@
        if ($var(by) != $var(caller) || $var(ours) == 0) {
            if (!is_method("ACK")) sl_send_reply("403", "Not Of This Call");
            exit;
        }
    }
    if (is_method("BYE")) ds_load_unset();
    t_set_fr(@RING_MS@, @WITHIN_MS@);
    t_relay();
}
"""
