import Foundation
import TestSupport
import Testing

@testable import Telemetry
@testable import Service

@Suite struct MemoryBudgetTests {
    /// All that the daemon may hold fits into what its unit allows, with a twentieth to spare.
    @Test func theUnitContainsTheBudget() throws {
        let unit = try String(contentsOfFile: fixture("../../systemd/swiftlet.service"), encoding: .utf8)
        let line = try #require(unit.split(separator: "\n").first { $0.hasPrefix("MemoryMax=") })
        let mebibytes = try #require(Int(line.dropFirst("MemoryMax=".count).dropLast()))
        #expect(line.hasSuffix("M"))
        #expect(MemoryBudget.total + MemoryBudget.total / 20 <= mebibytes << 20, "\(MemoryBudget.total >> 20) MiB")
    }
}
