import Foundation
import FoundationXML
import TestSupport
import Testing

/// `swiftlet plan` and `swiftlet bench` as processes.
@Suite struct PlanCommandTests {
    private let files: RunningDaemon

    init() throws { files = try RunningDaemon() }

    /// The plan that is shown is one that works, and the one that the engine uses.
    @Test(arguments: GoldenModel.allCases) func thePlanIsTheEngines(model: GoldenModel) throws {
        let path = try model.path()
        let plan = try #require(
            try ToolOutcome(of: ["plan", "--model", path, "--threads", "2", "--json"], files).objects().first)
        let buffers = try #require(plan["buffers"] as? [[String: Any]])
        let places = try buffers.map { buffer in
            let offset = try #require(buffer["offset_bytes"] as? Int), size = try #require(buffer["size_bytes"] as? Int)
            let first = try #require(buffer["first_step"] as? Int), last = try #require(buffer["last_step"] as? Int)
            return (bytes: offset..<offset + size, steps: first...last)
        }
        #expect(places.count > 100)
        for (index, place) in places.enumerated() {
            for other in places[..<index] where place.steps.overlaps(other.steps) {
                #expect(!place.bytes.overlaps(other.bytes))
            }
        }
        let arena = try #require(plan["arena_bytes"] as? Int)
        #expect(try #require(places.map(\.bytes.upperBound).max()) <= arena)
        #expect(try #require(plan["lower_bound_bytes"] as? Int) <= arena)

        let bench = try #require(
            try ToolOutcome(of: ["bench", "--model", path, "--threads", "2", "--runs", "1", "--json"], files).objects()
                .first)
        #expect(bench["arena_bytes"] as? Int == arena && bench["threads"] as? Int == 2)
    }

    @Test func theDrawingIsXMLWithARectanglePerBuffer() throws {
        let path = files.folder + "/plan.svg"
        let arguments = ["plan", "--model", try RunningDaemon.model(), "--svg", path]
        #expect(try ToolOutcome(of: arguments, files).code == 0)
        let document = try XMLDocument(contentsOf: URL(fileURLWithPath: path))
        let plan = try #require(try ToolOutcome(of: arguments + ["--json"], files).objects().first)
        let buffers = try #require(plan["buffers"] as? [[String: Any]])
        // One more for the background.
        #expect(try #require(document.rootElement()).elements(forName: "rect").count == buffers.count + 1)
    }

    @Test(arguments: ["plan", "bench"]) func mistakesAreNamed(command: String) throws {
        #expect(try ToolOutcome(of: [command], files).code == 64)
        let missing = try ToolOutcome(of: [command, "--model", "/nonexistent.gguf"], files)
        #expect(missing.code == 66 && missing.errors.count == 1)
        #expect(missing.errors.first?.contains("/nonexistent.gguf") == true)
    }

    /// /dev/full takes no byte.
    @Test(arguments: [["plan"], ["plan", "--json"], ["bench", "--runs", "1"], ["bench", "--runs", "1", "--json"]])
    func resultsThatCannotBeWrittenAreAnError(arguments: [String]) throws {
        let outcome = try ToolOutcome(
            of: arguments + ["--model", try RunningDaemon.model()], files, output: "/dev/full")
        #expect(outcome.code == 74 && outcome.errors.count == 1)
        #expect(outcome.errors.first?.contains("cannot be written") == true)
    }

    @Test func aDrawingThatCannotBeWrittenIsAnError() throws {
        let outcome = try ToolOutcome(
            of: ["plan", "--model", try RunningDaemon.model(), "--svg", "/nonexistent/plan.svg"], files)
        #expect(outcome.code == 73 && outcome.errors.first?.contains("/nonexistent/plan.svg") == true)
    }
}
