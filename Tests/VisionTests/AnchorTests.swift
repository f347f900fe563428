import Checkpoint
import Pixels
import TestSupport
import Testing
import Vision

@Suite struct AnchorTests {
    @Test(arguments: [
        ("xxs-ssd/run_320x320", [(20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]),
        ("xxs-ssd/run_208x240_interp", [(13, 15), (7, 8), (4, 4), (2, 2), (1, 1), (1, 1)]),
    ]) func equalUpstream(run: String, maps: [(height: Int, width: Int)]) throws {
        let expected = try #require(try golden(run + ".safetensors")["anchors"]).floats()
        let anchors = AnchorLayout.published.anchors(for: maps.map { ImageSize(width: $0.width, height: $0.height) })
        #expect(anchors.count * 4 == expected.count)
        var worst: Float = 0
        for (index, anchor) in anchors.enumerated() {
            let found = [anchor.centreX, anchor.centreY, anchor.width, anchor.height]
            for side in 0..<4 { worst = max(worst, abs(found[side] - expected[index * 4 + side])) }
        }
        #expect(worst <= 1e-6)
    }
}
