"""The networks of the family with few channels, against what an implementation without our code makes of an image, and the
number of parameters of the whole ones."""
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from trainer import checkpoint
from trainer.evaluation import to_input
from trainer.networks import SPECS, Classifier, Detector, Segmenter
from trainer.specs import FastViTSpec, MobileViTSpec

from .conftest import FIXTURES

# Channels, token width, feed-forward width and encoders of the goldens' stages.
STAGES = ((16, 16, 32, 1), (24, 24, 48, 2), (32, 24, 48, 1))
FIRST = MobileViTSpec(1, False, (8, 8, 16), 2, STAGES, 48)
SECOND = MobileViTSpec(2, True, (8, 8, 16), 2, STAGES)
NARROW = {"v1": FIRST, "v1-equal": replace(FIRST, stages=(*STAGES[:2], (24, 24, 48, 1))), "v2": SECOND,
          "v3": replace(FIRST, generation=3), "v3-separable": replace(SECOND, generation=3),
          "fastvit": FastViTSpec((1, 1, 2, 1), (12, 24, 48, 96), 1, True)}


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, spec in NARROW.items():
        monkeypatch.setitem(SPECS, name, spec)


def outputs(model: nn.Module, golden: str, run: str, order: str) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """What a network makes of a golden's image with its weights, and the golden itself."""
    weights = {key: value.float() for key, value in load_file(FIXTURES / golden / "model.safetensors").items()
               if not key.startswith("seg_head.aux_head.")}
    assert weights.keys() == checkpoint.published_names(model.state_dict()).keys()
    assert checkpoint.take_over(model, weights) == []
    expected = load_file(FIXTURES / golden / f"{run}.safetensors")
    pictures = expected["image_u8_rgb_hwc"].permute(2, 0, 1)[None]
    with torch.no_grad():
        return model.eval()(to_input(pictures, order, torch.device("cpu"))), expected


@pytest.mark.parametrize("network, golden, run", [
    ("v1", "narrow-v1-cls", "run_64x96"), ("v1", "narrow-v1-cls", "run_72x104"), ("v2", "narrow-v2-cls", "run_72x104"),
    ("v3", "narrow-v3-cls", "run_72x104"), ("v3-separable", "narrow-v3-separable-cls", "run_72x104"),
    ("fastvit", "narrow-fastvit", "run_96x128"), ("fastvit", "narrow-fastvit", "run_72x88")])
def test_classifiers(narrow: None, network: str, golden: str, run: str) -> None:
    logits, expected = outputs(Classifier(network, 5), golden, run, NARROW[network].channel_order)
    assert (logits - expected["logits"]).abs().max() <= 1e-5 * expected["logits"].abs().max()


@pytest.mark.parametrize("network, golden, layout", [
    # layer_4 and layer_5 of as many channels, so that the latter's inverted residual adds its input
    ("v1-equal", "narrow-v1-deeplabv3", {}), ("v3-separable", "narrow-v3-separable-deeplabv3", {}),
    ("v2", "narrow-v2-deeplabv3-stride8", {"output_stride": 8, "rates": (2, 3, 4)})])
def test_segmenters(narrow: None, monkeypatch: pytest.MonkeyPatch, network: str, golden: str, layout: dict) -> None:
    monkeypatch.setattr("trainer.networks.pyramid_channels", lambda spec: 16)
    model = Segmenter(network, 4, **layout)
    logits, expected = outputs(model, golden, "run_64x96", NARROW[network].channel_order)
    assert (logits - expected["logits_lowres"]).abs().max() <= 1e-5 * logits.abs().max()
    assert torch.equal(model.enlarged(logits, (64, 96)).argmax(1).to(torch.uint8), expected["mask_argmax_u8"])


# Of a classifier of 1000 classes, a detector of 81 and a segmenter of 21 without its auxiliary head, as published.
@pytest.mark.parametrize("network, parameters", [
    ("mobilevitv1-xxs", (1_272_024, 1_755_050, 1_854_853)), ("mobilevitv1-xs", (2_317_848, 2_742_042, 2_944_069)),
    ("mobilevitv1-s", (5_578_632, 5_738_826, 6_357_941)),
    ("mobilevitv2-0.5", (1_370_593, 2_035_395, 6_466_467 - 224_149)),
    ("mobilevitv2-1.25", (7_478_089, 8_173_227, 18_223_371 - 555_925)),
    ("mobilevitv2-2.0", (18_449_329, 19_108_755, None)),
    ("mobilevitv3-xs", (2_490_360, 2_666_938, 3_269_669)), ("mobilevitv3-s", (5_763_912, 5_547_882, 7_205_621)),
    ("mobilevitv3-0.75", (2_999_641, 3_718_587, 9_978_651 - 334_741)),
    ("mobilevitv3-1.0", (5_139_409, 5_846_451, 14_001_555 - 445_333)),
    ("fastvit-t8", (4_026_232, None, None)), ("fastvit-s12", (9_473_576, None, None)),
    ("fastvit-sa12", (11_580_968, None, None)), ("fastvit-ma36", (44_068_004, None, None))])
def test_sizes_are_those_published(network: str, parameters: tuple[int | None, ...]) -> None:
    with torch.device("meta"):
        models = Classifier(network, 1000), Detector(network, 81), Segmenter(network, 21)
    counts = [sum(parameter.numel() for parameter in model.parameters()) for model in models]
    assert all(expected in (None, found) for found, expected in zip(counts, parameters))
