import Checkpoint
import Foundation

/// The path of a file under Tests/Fixtures.
public func fixture(_ relativePath: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures").appendingPathComponent(relativePath).path
}

/// The bytes of a file under Tests/Fixtures.
public func fixtureBytes(_ relativePath: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture(relativePath))))
}

/// The tensors of a file under Tests/Fixtures/golden, such as "xxs-ssd/run_320x320.safetensors".
public func golden(_ path: String) throws(CheckpointError) -> Checkpoint {
    try Checkpoint(path: fixture("golden/" + path))
}
