"""The README of a bundle, for those who open it without sipbot.  Pure."""

TEXT = """\
This folder holds everything that one telephone client has at one site of sipbot.

Open the file it came in, unpack it, and make sure that nothing was changed:

  age -d -i your.agekey -o bundle.tar FILE.sipbot
  tar xf bundle.tar && cd handover
  sha256sum -c SHA256SUMS
  openssl pkeyutl -verify -pubin -inkey site.pub.pem -rawin \\
    -in manifest.json -sigfile manifest.json.sig

The last command proves that the owner of site.pub.pem has signed manifest.json, which has the
SHA-256 of every other file (`sha256sum -c` reads the same from SHA256SUMS).  Whose key it is you
learn from its owner: compare the fingerprint over the telephone.

  manifest.json     what this bundle is, and its files
  consent.json      what the client has allowed, to whom
  dialplan/         the client's file as written, the site's defaults, both resolved, the prompts
  prompts.json      what is said in each prompt
  vocabulary.json   the client's own words, with their readings
  card.json         what whoever calls back must know
  rota.json         who is on call
  coverage.json     a year of opening hours, and what a call meets in each of 8,784 hours
  baseline.json     calls by month and by how they ended
  calls.jsonl       one call a line
  memos/            one memo a file, by docs/memo.schema.json of sipbot
  vcon/             one vCon a call (draft-ietf-vcon-vcon-core-04)
  audio/            recordings, WAV

This is personal data of callers: keep it locked, and delete what you do not need.
"""
