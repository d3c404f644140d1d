// The page of a memo: the recording, its picture, and the text that follows the voice.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const audio = $("audio");
  if (!audio) return;
  const wave = $("wave");
  const play = $("play");
  const duration = () => (Number.isFinite(audio.duration) ? audio.duration : Number(wave ? wave.dataset.duration : 0));
  const MARGIN_S = 0.5; // as the server cuts clips: a number is easier to understand with the breath before it
  let stopAt = null;
  let spoken = null;

  audio.controls = false;
  for (const id of ["play", "place", "speed-label"]) $(id).hidden = false;

  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  function show() {
    const at = audio.currentTime;
    $("at").textContent = clock(at);
    if (wave && duration()) {
      $("played-rect").setAttribute("width", (wave.viewBox.baseVal.width * at) / duration());
    }
    let now = null;
    if (!audio.paused || at > 0) {
      for (const one of document.querySelectorAll("#text [data-s]")) {
        if (Number(one.dataset.s) <= at && at < Number(one.dataset.e)) { now = one; break; }
      }
    }
    if (now !== spoken) {
      if (spoken) spoken.classList.remove("spoken");
      if (now) now.classList.add("spoken");
      spoken = now;
    }
  }

  function frame() {
    show();
    if (stopAt !== null && audio.currentTime >= stopAt) { audio.pause(); stopAt = null; }
    if (!audio.paused) requestAnimationFrame(frame);
  }

  function start(from, to) {
    stopAt = to;
    const go = () => {
      if (from !== null) audio.currentTime = Math.max(0, from);
      audio.play().catch(() => { stopAt = null; });
    };
    if (audio.readyState >= 1 || from === null) { go(); return; }
    audio.addEventListener("loadedmetadata", go, { once: true });
    audio.load();
  }

  function toggle() {
    if (!audio.paused) { audio.pause(); return; }
    start(audio.ended ? 0 : null, null);
  }

  function label() {
    play.setAttribute("aria-label", audio.paused ? play.dataset.play : play.dataset.pause);
    play.classList.toggle("playing", !audio.paused);
  }

  audio.addEventListener("play", () => { label(); requestAnimationFrame(frame); });
  audio.addEventListener("pause", () => { label(); show(); });
  audio.addEventListener("seeked", show);
  play.addEventListener("click", toggle);
  $("speed").addEventListener("change", (event) => { audio.playbackRate = Number(event.target.value); });

  if (wave) {
    wave.addEventListener("click", (event) => {
      const box = wave.getBoundingClientRect();
      start((duration() * (event.clientX - box.left)) / box.width, null);
    });
  }

  document.addEventListener("click", (event) => {
    const part = event.target.closest("a.play");
    if (part) {
      event.preventDefault();
      start(Number(part.dataset.from) - MARGIN_S, Number(part.dataset.to) + MARGIN_S);
      return;
    }
    const word = event.target.closest("#text [data-s]");
    if (word && !String(getSelection())) start(Number(word.dataset.s), null);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog[open]")) return;
    const keys = $("keys-on");
    if (keys && !keys.checked) return;
    if (event.key === "p") { toggle(); event.preventDefault(); }
    if (event.key === "t") { const first = document.querySelector(".evidence a.play, a.play"); if (first) first.click(); }
    if (event.key === "ArrowLeft") { audio.currentTime = Math.max(0, audio.currentTime - 5); show(); }
  });
})();
