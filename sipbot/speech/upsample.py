"""From the line's 8 kHz to the 16 kHz that the engines were trained on; beside `ears`, which the
main process imports and which must not cost it numpy at every start."""

import numpy as np
import numpy.typing as npt


def upsample(samples: npt.NDArray[np.int16], before: int = 0) -> npt.NDArray[np.int16]:
    """Return 8 kHz samples at 16 kHz by linear interpolation.

    The simplest way is the best measured one: vosk's Korean CER is 0.56 with it, 0.62 with its
    own upsampling and 0.66 with a clean sinc; faster-whisper hears no difference (Japanese 0.197
    and 0.185, English 0.043 and 0.041, Korean 0.232 and 0.246 for linear and sinc).

    Args:
        samples: the next samples.
        before: the sample before the first one, so that the seams of blocks are not heard.
    """
    wide = samples.astype(np.int32)
    previous = np.concatenate(([np.int32(before)], wide[:-1])) if len(wide) else wide
    doubled = np.empty(2 * len(wide), np.int16)
    doubled[0::2] = (previous + wide) // 2
    doubled[1::2] = samples
    return doubled
