// The calls that go on: the server sends them whole whenever they have changed.
"use strict";
{
  const calls = document.getElementById("calls");
  const news = new EventSource(calls.dataset.live);
  // The server's own rows, in which what callers said is escaped.
  news.addEventListener("calls", (event) => { calls.innerHTML = event.data; });
  news.addEventListener("reload", () => location.reload());
}
