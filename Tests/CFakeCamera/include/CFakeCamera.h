#pragma once
// Nothing to call: fake-camera.c is preloaded into programs that ask for cameras (Tests/ServiceTests/FakeCameras.swift).
