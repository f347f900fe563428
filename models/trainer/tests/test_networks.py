"""The networks against what the published code computes, and their parameter names."""
import pytest
import torch
from safetensors.torch import load_file
from torchvision.ops import box_convert

from trainer.evaluation import to_input
from trainer.matching import anchors_for
from trainer.networks import SPECS, Classifier, Detector

from .conftest import GOLDEN


@pytest.fixture(scope="module", params=["xxs", "0.5"])
def published(request: pytest.FixtureRequest) -> tuple[str, Detector]:
    model = Detector(request.param, 81)
    model.load_state_dict(torch.load(GOLDEN[request.param] / "model.pt", weights_only=True), strict=True)
    return request.param, model.eval()


@pytest.mark.parametrize("run", ["run_320x320", "run_208x240_interp"])
def test_raw_outputs(published: tuple[str, Detector], run: str) -> None:
    network, model = published
    golden = load_file(GOLDEN[network] / f"{run}.safetensors")
    pictures = golden["image_u8_rgb_hwc"].permute(2, 0, 1)[None]
    with torch.no_grad():
        logits, offsets, maps = model(to_input(pictures, SPECS[network].channel_order, torch.device("cpu")))
    assert (logits - golden["confidences"]).abs().max() <= 2e-4
    assert (offsets - golden["locations"]).abs().max() <= 2e-4
    anchors = box_convert(golden["anchors"][0], "cxcywh", "xyxy")
    assert (anchors_for(tuple(maps)) - anchors).abs().max() <= 1e-6


@pytest.mark.parametrize("network, expected", [("xxs", 1_249_448), ("0.5", 1_429_985), ("half", 1_429_985)])
def test_classifier_has_the_published_size_and_names(network: str, expected: int) -> None:
    model = Classifier(network, 1000)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected
    last = "classifier.fc.weight" if network == "xxs" else "classifier.1.weight"
    assert last in model.state_dict()
    assert model(torch.rand(2, 3, 96, 96)).shape == (2, 1000)


@pytest.mark.parametrize("classes", [2, 7])
def test_any_number_of_classes_starts_as_background(classes: int) -> None:
    with torch.no_grad():
        logits, offsets, _ = Detector("0.5", classes).eval()(torch.rand(1, 3, 64, 96))
    assert logits.shape[-1] == classes and offsets.shape[:2] == logits.shape[:2]
    assert (torch.softmax(logits, -1)[..., 0] - 0.75).abs().mean() < 0.05
