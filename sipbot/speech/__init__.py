"""The recogniser: a child program that listens to recordings, live and after the call.

``wire.py``    the messages both sides exchange (JSON lines; the path travels, never audio)
``follow.py``  reads a growing WAV, fsyncs it, and notices when it stops growing
``vad.py``     voice activity: has the caller spoken, has the caller finished (Silero)
``ears.py``    what every recognition engine offers; which engine a language has
``upsample.py``  8 kHz to the engines' 16 kHz
``vosk_ear.py``    the live ear: the only importer of vosk
``whisper_ear.py`` the second ear: the only importer of faster-whisper
``worker.py``  the child program
``client.py``  the parent's side: start, watch, kill, restart, hand every unfinished job out again
"""
