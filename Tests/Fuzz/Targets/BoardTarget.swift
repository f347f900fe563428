@testable import Settings
@testable import Service

/// A board's file.
struct BoardTarget: FuzzTarget {
    static let name = "board"
    static let longest = 8192
    static let seeds = ["boards/raspberry-pi-4.ini", "boards/generic-arm64.ini"]

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let reader = BoardReader.read(bytes)
        for mistake in reader.mistakes { _ = mistake.message(file: "F") }
        guard reader.mistakes.isEmpty else { return }
        let board = reader.profile
        guard board.threads > 0, board.clock > 0, board.memoryBudget > 0, board.cameraSize.width > 0 else {
            fatalError("a profile that no board can have")
        }
        for model in BoardProfile.Model.allCases where board.budget(model).arena <= 0 {
            fatalError("a budget of nothing")
        }
    }
}
