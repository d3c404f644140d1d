// Every page: news from the server, how long something waits, keys, sound on urgent memos.
// Pages work without it; it adds what a page alone cannot do.
(() => {
  "use strict";
  const words = JSON.parse(document.body.dataset.words);
  const $ = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };

  // -- how long ---------------------------------------------------------------------------------

  function span(seconds) {
    for (const [unit, size, from] of [["unit_d", 86400, 172800], ["unit_h", 3600, 7200], ["unit_min", 60, 60]]) {
      if (seconds >= from) return fill(words[unit], { n: Math.floor(seconds / size) });
    }
    return fill(words.unit_s, { n: Math.max(0, Math.floor(seconds)) });
  }

  function tick() {
    const now = Date.now();
    for (const one of document.querySelectorAll("time[data-due], time[data-age]")) {
      const seconds = (Date.parse(one.dateTime) - now) / 1000;
      let text;
      if ("due" in one.dataset) {
        one.classList.toggle("over", seconds < 0);
        text = fill(seconds >= 0 ? words.due_in : words.overdue, { time: span(Math.abs(seconds)) });
      } else {
        text = -seconds < 60 ? words.just_now : fill(words.waits, { time: span(-seconds) });
      }
      if (one.textContent !== text) one.textContent = text;
    }
    for (const row of document.querySelectorAll("li.later[data-later]")) {
      // Its time has come: it goes to the place where the server would put it now.
      if (Number(row.dataset.later) * 1000 <= now && document.activeElement.closest("li") !== row) {
        row.classList.remove("later");
        delete row.dataset.later;
        row.dataset.key = "0" + row.dataset.key.slice(1);
        place(row);
      }
    }
  }

  // -- the list ---------------------------------------------------------------------------------

  const list = $("memos");

  function place(row) {
    const newestFirst = list.dataset.view === "done";
    const end = list.querySelector("[data-following]");
    const before = (a, b) => (newestFirst ? a > b : a < b);
    const rows = [...list.querySelectorAll("li.memo")].filter((one) => one !== row);
    const next = rows.find((one) => before(row.dataset.key, one.dataset.key));
    const held = row.contains(document.activeElement);
    if (next) next.before(row);
    else if (end) row.remove(); // it belongs to a page that is not here yet
    else list.append(row);
    if (held) row.querySelector("a").focus();
    $("nothing").hidden = list.querySelector("li.memo") !== null;
  }

  function put(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const row = holder.content.querySelector("li.memo");
    const old = $(row.id);
    const focus = old && old.contains(document.activeElement) ? document.activeElement.tagName : "";
    if (old) {
      row.classList.add("changed");
      old.replaceWith(row);
    } else {
      row.classList.add("new");
    }
    place(row);
    if (focus) (row.querySelector(focus.toLowerCase()) || row.querySelector("a")).focus();
    if (window.htmx && row.isConnected) window.htmx.process(row);
  }

  function gone(memo) {
    const row = $("memo-" + memo);
    if (!row) return;
    const next = row.nextElementSibling || row.previousElementSibling;
    const held = row.contains(document.activeElement);
    row.remove();
    if (held && next && next.querySelector("a")) next.querySelector("a").focus();
    $("nothing").hidden = list.querySelector("li.memo") !== null;
  }

  function counts(figures) {
    for (const one of document.querySelectorAll("[data-count]")) {
      one.textContent = figures[one.dataset.count];
    }
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = figures.urgent ? `(${figures.urgent}) ${title}` : title;
  }

  // -- news -------------------------------------------------------------------------------------

  const main = $("main");
  let source = null;
  let last = "";
  let tries = 0;
  let sending = 0;
  let waiting = false;
  const isSent = (event) => Boolean(event.detail.requestConfig && event.detail.requestConfig.verb === "post");
  document.addEventListener("htmx:beforeRequest", (event) => { if (isSent(event)) sending += 1; });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isSent(event)) return;
    sending = Math.max(0, sending - 1);
    if (!sending && waiting) { waiting = false; setTimeout(hear.memo); }
  });

  const hear = {
    row: (data) => list && put(data),
    gone: (data) => list && gone(data),
    counts: (data) => counts(JSON.parse(data)),
    urgent: (data) => ring(JSON.parse(data)),
    memo: () => {
      // The answer to what is being sent shows the change, too; two at once would tear its form away.
      if (sending) waiting = true;
      else if (window.htmx) window.htmx.trigger("#head", "changed");
    },
    reload: () => {
      if (list) location.reload();
      else hear.memo();
    },
  };

  function listen() {
    if (!main || !main.dataset.events || source) return;
    const address = new URL(main.dataset.events, location.href);
    if (last) address.searchParams.set("since", last);
    source = new EventSource(address);
    source.onopen = () => { tries = 0; $("offline").hidden = true; };
    source.onerror = () => {
      $("offline").hidden = false;
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      source = null;
      tries += 1;
      // Not all at once: fifty browsers come back after a restart.
      setTimeout(listen, Math.min(30000, 1000 * 2 ** tries) * (0.5 + Math.random() / 2));
    };
    for (const name of Object.keys(hear)) {
      source.addEventListener(name, (event) => {
        if (event.lastEventId) last = event.lastEventId;
        hear[name](event.data);
      });
    }
  }

  function silence() {
    if (source) source.close();
    source = null;
  }

  // A browser has six connections to a host: of the windows that nobody looks at, one listens.
  let release = null;
  function hidden() {
    if (!navigator.locks) return;
    navigator.locks.request("sipbot-news", { ifAvailable: true }, (lock) => {
      if (document.visibilityState === "visible") return undefined;
      if (!lock) { silence(); return undefined; }
      return new Promise((resolve) => { release = resolve; });
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") { hidden(); return; }
    if (release) { release(); release = null; }
    listen();
    tick();
  });
  window.addEventListener("pagehide", silence);
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // -- sound ------------------------------------------------------------------------------------

  const sound = $("sound");
  let context = null;

  function wake() { // browsers let a page sound only after a hand has touched it
    if (sound && sound.checked && !context) context = new AudioContext();
  }

  function play() {
    for (const [at, pitch] of [[0, 880], [0.18, 1175], [0.36, 880]]) {
      const tone = context.createOscillator();
      const level = context.createGain();
      const from = context.currentTime + at;
      tone.frequency.value = pitch;
      level.gain.setValueAtTime(0.0001, from);
      level.gain.exponentialRampToValueAtTime(0.2, from + 0.02);
      level.gain.exponentialRampToValueAtTime(0.0001, from + 0.16);
      tone.connect(level).connect(context.destination);
      tone.start(from);
      tone.stop(from + 0.17);
    }
  }

  // Of several windows one does it: who comes first writes it down where the others see it.
  function once(key, work) {
    const first = () => {
      const now = Date.now();
      const recent = JSON.parse(kept("rang") || "[]").filter(([, at]) => now - at < 60000);
      if (recent.some(([done]) => done === key)) return;
      keep("rang", JSON.stringify([...recent, [key, now]]));
      work();
    };
    if (navigator.locks) navigator.locks.request("sipbot-rang", first);
    else first();
  }

  function show(told) {
    const text = fill(words.new_urgent, { client: told.client });
    const notice = new Notification("sipbot", { body: text, tag: told.memo, lang: words.lang });
    notice.onclick = () => { window.focus(); location.href = "/memos/" + encodeURIComponent(told.memo); };
  }

  function ring(told) {
    if (!sound || !sound.checked) return;
    // A window that no hand has touched cannot sound, so it leaves that to the others.
    if (context) once("sound " + told.memo, play);
    if ("Notification" in window && Notification.permission === "granted") {
      once("notice " + told.memo, () => show(told));
    }
  }

  if (sound) {
    $("sound-switch").hidden = false;
    sound.checked = kept("sound") === "on";
    const blocked = () => {
      $("sound-blocked").hidden = !(sound.checked && "Notification" in window && Notification.permission === "denied");
    };
    blocked();
    sound.addEventListener("change", async () => {
      keep("sound", sound.checked ? "on" : "off");
      wake();
      if (sound.checked && "Notification" in window && Notification.permission === "default") {
        await Notification.requestPermission();
      }
      blocked();
    });
    window.addEventListener("storage", (event) => { // switched in another window
      if (event.key === "sound") sound.checked = event.newValue === "on";
    });
    document.addEventListener("pointerdown", wake);
    document.addEventListener("keydown", wake);
  }

  // -- keys -------------------------------------------------------------------------------------

  const help = $("keys");
  const switched = $("keys-on");
  if (help) {
    switched.checked = kept("keys") !== "off";
    switched.addEventListener("change", () => keep("keys", switched.checked ? "on" : "off"));
    $("keys-open").hidden = false;
    $("keys-open").addEventListener("click", () => help.showModal());
  }

  function step(by) {
    const links = [...list.querySelectorAll("li.memo .who a")];
    const row = document.activeElement.closest ? document.activeElement.closest("li.memo") : null;
    const at = row ? links.findIndex((one) => row.contains(one)) : -1;
    const next = links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))];
    if (next) { next.focus(); next.closest("li").scrollIntoView({ block: "nearest" }); }
  }

  function onList(key) {
    if (key === "j") return step(1), true;
    if (key === "k") return step(-1), true;
    if (key === "c") {
      const row = document.activeElement.closest("li.memo");
      const button = row && row.querySelector("button.claim");
      if (button) button.click();
      return Boolean(button);
    }
    const view = document.querySelectorAll(".views a")[Number(key) - 1];
    if (view) view.click();
    return Boolean(view);
  }

  // Who works for one client wants its card open, memo after memo; on its own page it is what is read.
  const card = $("client-card");
  if (card && card.closest(".memo-page")) {
    card.open = kept("card") === "open";
    card.addEventListener("toggle", () => keep("card", card.open ? "open" : "folded"));
  }

  function onMemo(key) {
    if (key === "i" && card) {
      card.open = !card.open;
      card.querySelector("summary").focus();
      return true;
    }
    const link = { j: "behind", k: "before", u: "back" }[key];
    if (link) { if ($(link)) $(link).click(); return true; }
    if (key === "n" && $("note")) { $("note").focus(); return true; }
    const button = document.querySelector(`[data-key-for="${CSS.escape(key)}"]`);
    if (button) button.click();
    return Boolean(button);
  }

  document.addEventListener("keydown", (event) => {
    if (!help || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, dialog[open]")) {
      if (event.key === "Escape" && event.target.id === "note") event.target.blur();
      return;
    }
    if (event.key === "?") { help.showModal(); event.preventDefault(); return; }
    if (!switched.checked) return;
    if (event.key === "/" && $("find")) { $("find").focus(); $("find").select(); event.preventDefault(); return; }
    if (list ? onList(event.key) : onMemo(event.key)) event.preventDefault();
  });

  // -- what is exchanged ------------------------------------------------------------------------

  // What somebody is typing survives a change of the page around it, unless it was just sent.
  let typing = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    const done = isSent(event) && event.detail.xhr.status < 300;
    typing = done ? [] : [...document.querySelectorAll("[data-keep]")].map((one) => ({
      id: one.id, value: one.value, held: one === document.activeElement, from: one.selectionStart, to: one.selectionEnd,
    }));
  });
  // At once: what is typed into the new field until the page has settled must not be overwritten.
  document.addEventListener("htmx:afterSwap", () => {
    for (const was of typing) {
      const field = $(was.id);
      if (!field) continue;
      field.value = was.value;
      if (was.held) {
        field.focus();
        if (field.type === "textarea") field.setSelectionRange(was.from, was.to);
      }
    }
    typing = [];
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const told = $("told");
    if (told && isSent(event)) told.focus();
    tick();
  });

  for (const form of document.querySelectorAll("form.filter")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  document.addEventListener("click", (event) => {
    const menu = $("menu");
    if (menu && menu.open && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = $("menu");
    if (event.key === "Escape" && menu && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  document.documentElement.classList.add("js");
  tick();
  setInterval(tick, 1000);
  listen();
})();
