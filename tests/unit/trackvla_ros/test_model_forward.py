"""The whole forward on the full-size code path, shrunken: prompt, E_T, batches, losses, answers, number formats."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from trackvla_ros.model.sizes import HEADS, SIZES  # noqa: E402
from trackvla_ros.model.tokens import VISUAL, ByteTokenizer, InstructionError, PromptBuilder, stack_prompts  # noqa: E402
from trackvla_ros.model.trackvla import IGNORED, TrainingBatch, interleave  # noqa: E402
from trackvla_ros.model.weights import build_empty, build_random, cast, describe  # noqa: E402

TINY = SIZES["tiny"]
TOKENIZER = ByteTokenizer()
SPECIAL = TOKENIZER.special
SIDE = TINY.vision.image_size


def shaken(config=TINY):
    """Random weights everywhere, the zero-initialised last layers included."""
    model = build_random(config).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.head.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return model


def images(count, seed=0):
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def model():
    return shaken()


def training_batch(builder=None):
    builder = builder or PromptBuilder(TINY.sequence, TOKENIZER)
    question, answer = builder.ask("what colour is the coat?", 2), builder.answer("blue")
    labels = torch.full((1, len(question) + len(answer)), IGNORED)
    labels[0, len(question) - 1 : -1] = torch.tensor(answer)
    return TrainingBatch(
        images(3 + 1 + 2),
        [3, 1],
        stack_prompts([builder.track("follow her", 2), builder.track("follow the man in blue", 0)]),
        torch.zeros(2, 10, 3),
        [2],
        stack_prompts([question + answer]),
        labels,
    )


# --- the prompt ---


def test_a_tracking_prompt_is_video_image_track_task():
    ids = PromptBuilder(TINY.sequence, TOKENIZER).track("go", 2)
    frame = [SPECIAL("<image_sep>")] + [VISUAL] * 4
    wanted = [SPECIAL("<video_special>"), *frame, *frame, SPECIAL("</video_special>")]
    wanted += [SPECIAL("<image_special>"), *[VISUAL] * 64, SPECIAL("</image_special>"), SPECIAL("[Track]"), *b"go:"]
    assert ids == wanted


def test_the_full_window_is_192_visual_tokens():
    assert PromptBuilder(SIZES["small"].sequence, TOKENIZER).track("go", 32).count(VISUAL) == 32 * 4 + 64


def test_a_question_has_all_frames_coarse_and_no_track_token():
    ids = PromptBuilder(TINY.sequence, TOKENIZER).ask("who?", 3)
    assert ids.count(VISUAL) == 12
    assert SPECIAL("[Track]") not in ids


def test_without_a_past_there_is_no_video():
    assert SPECIAL("<video_special>") not in PromptBuilder(TINY.sequence, TOKENIZER).track("go", 0)


@pytest.mark.parametrize("text", ["", "   ", "x" * 129])
def test_an_empty_or_long_instruction_is_refused(text):
    with pytest.raises(InstructionError, match=r"wanted 1\.\.128"):
        PromptBuilder(TINY.sequence, TOKENIZER).track(text, 0)


def test_bytes_survive_the_tokenizer():
    assert TOKENIZER.decode(TOKENIZER.encode("naïve — 追") + [SPECIAL("[Track]")]) == "naïve — 追"


# --- one forward ---


def test_the_condition_is_the_last_position_and_only_it(model):
    builder = PromptBuilder(TINY.sequence, TOKENIZER)
    visual = model.encode(images(1)).fine[0]
    prompts = stack_prompts([builder.track("go left", 0)])
    states = model.language.model(inputs_embeds=model.embed(prompts, visual)).last_hidden_state
    torch.testing.assert_close(model.condition(prompts, visual).hidden, states[:, -1])


def test_every_word_frame_and_noise_changes_the_answer(model):
    builder = PromptBuilder(TINY.sequence, TOKENIZER)
    pooled, other = model.encode(images(2)), model.encode(images(2, seed=5))
    noise = model.head.draw_noise(1, torch.Generator().manual_seed(0))

    def answer(text="go", past=pooled, now=pooled, noise=noise):
        visual = torch.cat([past.coarse[0], now.fine[1]])
        return model.track(stack_prompts([builder.track(text, 1)]), visual, noise).trajectories

    base = answer()
    for changed in (answer("gp"), answer(past=other), answer(now=other), answer(noise=noise + 1)):
        assert float((changed - base).detach().abs().max()) > 1e-6
    assert torch.equal(base, answer())


def test_tracking_is_a_single_pass_of_the_language_model(model):
    calls = []
    handle = model.language.model.register_forward_hook(lambda *_: calls.append(1))
    builder = PromptBuilder(TINY.sequence, TOKENIZER)
    model.track(stack_prompts([builder.track("go", 0)]), model.encode(images(1)).fine[0], None)
    handle.remove()
    assert len(calls) == 1


@pytest.mark.parametrize("head", ["anchor_diffusion", "diffusion", "mlp", "autoregressive"])
def test_a_batch_of_unequal_rows_equals_single_rows(head):
    model = shaken(dataclasses.replace(TINY, head=dataclasses.replace(TINY.head, kind=head)))
    builder = PromptBuilder(TINY.sequence, TOKENIZER)
    rows = [builder.track("follow the man in the long blue coat", 2), builder.track("go", 0)]
    with torch.inference_mode():
        pooled = model.encode(images(4))
        visual = [torch.cat([pooled.coarse[:2].flatten(0, 1), pooled.fine[2]]), pooled.fine[3]]
        noise = model.head.draw_noise(2, torch.Generator().manual_seed(0))
        both = model.track(stack_prompts(rows), torch.cat(visual), noise)
        for i, row in enumerate(rows):
            one = model.track(stack_prompts([row]), visual[i], None if noise is None else noise[i : i + 1])
            torch.testing.assert_close(both.trajectories[i : i + 1], one.trajectories, atol=1e-5, rtol=0)
            torch.testing.assert_close(both.scores[i : i + 1], one.scores, atol=1e-5, rtol=0)


def test_bfloat16_stays_within_five_centimetres():
    exact, coarse = shaken(), cast(shaken(), torch.bfloat16)
    builder = PromptBuilder(TINY.sequence, TOKENIZER)
    prompts = stack_prompts([builder.track("go", 0)])
    noise = exact.head.draw_noise(1, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        answers = [m.track(prompts, m.encode(images(1)).fine[0], noise).trajectories for m in (exact, coarse)]
    assert 0.0 < float((answers[0] - answers[1])[..., :2].abs().max()) < 0.05  # metres


def test_parts_of_different_formats_work_together():
    model = shaken()
    model.vision.half()
    model.language.to(torch.bfloat16)
    prompts = stack_prompts([PromptBuilder(TINY.sequence, TOKENIZER).track("go", 0)])
    with torch.inference_mode():
        answer = model.track(prompts, model.encode(images(1)).fine[0], None)
    assert torch.isfinite(answer.trajectories).all()


def test_interleave_takes_coarse_past_and_fine_present(model):
    pooled = model.encode(images(3))
    visual = interleave(pooled, [2, 1])
    torch.testing.assert_close(visual, torch.cat([pooled.coarse[0], pooled.fine[1], pooled.fine[2]]))


# --- training and answering ---


def test_a_mixed_batch_trains_all_but_the_frozen_tower():
    model = shaken()
    losses = model(training_batch(), torch.Generator().manual_seed(0))
    losses["loss"].backward()
    assert set(losses) == {"track", "mse", "bce", "text", "loss"}
    torch.testing.assert_close(losses["loss"], losses["track"] + losses["text"])
    for part in (model.projector, model.language, model.head):
        assert sum(float(p.grad.abs().sum()) for p in part.parameters() if p.grad is not None) > 0
    assert all(p.grad is None for p in model.vision.parameters())


def test_gradient_checkpointing_changes_no_gradient():
    plain, saved = shaken().train(), shaken().train()
    saved.language.gradient_checkpointing_enable()
    for model in (plain, saved):
        model(training_batch(), torch.Generator().manual_seed(0))["loss"].backward()
    torch.testing.assert_close(plain.projector[0].weight.grad, saved.projector[0].weight.grad)


def test_alpha_weighs_the_text_loss():
    model = shaken(dataclasses.replace(TINY, text_weight=0.25))
    losses = model(training_batch(), torch.Generator().manual_seed(0))
    torch.testing.assert_close(losses["loss"], losses["track"] + 0.25 * losses["text"])


def test_a_question_is_answered_by_greedy_decoding(model):
    ids = PromptBuilder(TINY.sequence, TOKENIZER).ask("who?", 2)
    visual = model.encode(images(2)).coarse.flatten(0, 1)
    answer = model.answer(stack_prompts([ids]), visual, max_tokens=4, end=TOKENIZER.end)
    states = model.language.model(inputs_embeds=model.embed(stack_prompts([ids]), visual)).last_hidden_state
    assert answer[0] == int(model.language.lm_head(states[0, -1]).argmax())
    assert 1 <= len(answer) <= 4


# --- full size, without memory ---


def test_full_size_parts_have_the_published_parameters():
    parts = {part.part: part.parameters for part in describe(build_empty(SIZES["full"]))}
    assert parts["vision"] == pytest.approx(986e6, rel=0.01)  # EVA-CLIP ViT-g, 39 of its blocks
    assert parts["projector"] == 1408 * 4096 + 4096 + 4096 * 4096 + 4096
    assert parts["language"] == 6_738_415_616 + 7 * 2 * 4096  # Vicuna-7B and seven tokens' rows, twice
    assert parts["head"] == pytest.approx(89e6, rel=0.08)


@pytest.mark.parametrize("head", HEADS)
def test_the_full_model_can_be_laid_out_with_every_head(head):
    config = dataclasses.replace(SIZES["full"], head=HEADS[head])
    assert all(p.is_meta for p in build_empty(config).parameters())
