"""Where in a recording to listen: before and after the voice are silence, tones or noise.  Pure."""

from sipbot.memo import Memo


def with_voice(memo: Memo, voice: tuple[float, float] | None) -> Memo:
    """Return a revision that says where the voice is; the same when that is not known.

    Args:
        memo: a revision that nobody has seen yet.
        voice: from, to, in seconds of the recording.
    """
    if voice is None:
        return memo
    from_s, to_s = voice
    audio = memo.audio.model_copy(update={"speech_from_s": from_s, "speech_to_s": to_s})
    return memo.model_copy(update={"audio": audio})
