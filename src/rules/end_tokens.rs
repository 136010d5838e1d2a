//! The tokens with which language models end a text, where they are left in it.
//!
//! Behind one there should be nothing: a generation that went on to its last token ends with one,
//! and where generations were padded, with many.

/// End-of-text tokens as they are written in full.
pub(super) const END_TOKENS: [&str; 14] = [
    "</s>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<|eom_id|>",
    "<|return|>",
    "<|endofturn|>",
    "<end_of_turn>",
    "<eos>",
    "<pad>",
    "[PAD]",
    "<｜end▁of▁sentence｜>",
];
