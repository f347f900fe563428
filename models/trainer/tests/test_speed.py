"""The command that tells speeds: its stages are all of a step, and its step teaches."""
import pytest
import torch

from trainer.speed import STAGES, SpeedTest, noise, tell_speed


def test_a_step_teaches_and_its_stages_are_told(capsys: pytest.CaptureFixture) -> None:
    test = SpeedTest(noise(4, 64, 5), "xxs", 64, 2, torch.device("cpu"), half=False, compiled=False)
    before = {name: value.clone() for name, value in test.model.state_dict().items()}
    stages: list[str] = []
    test.step(stages.append)
    assert tuple(stages) == STAGES
    assert all(not torch.equal(before[name], parameter) for name, parameter in test.model.named_parameters()
               if parameter.grad.any())
    tell_speed(None, "xxs", 64, 2, 0.1, "auto", "auto", 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("xxs at 64x64, batches of 2, fp32, not compiled, 64 photos, on 1 of the processor's threads")
    assert " images/s" in lines[1] and [line.split(":")[0].strip() for line in lines[2:]] == list(STAGES)
