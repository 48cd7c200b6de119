"""The MUSTs of tus 1.0.0 that concern a server, each beside the test that shows it.

The sentences are the protocol's own (tus.io/protocols/resumable-upload). What only binds a client
is left out; ``checksum-trailer``, ``concatenation-unfinished`` and ``challenge`` are not offered,
so that their sentences bind nobody here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROTOCOL, MORE = "test_protocol.py", "test_extensions.py"

MUSTS: tuple[tuple[str, str, str], ...] = (
    # Core protocol
    (
        "Upload-Offset: the value MUST be a non-negative integer",
        PROTOCOL,
        "TestCore.test_an_offset_that_is_no_number_is_4xx",
    ),
    (
        "Upload-Length: the value MUST be a non-negative integer",
        PROTOCOL,
        "TestCreation.test_a_wrong_length_is_refused",
    ),
    (
        "Tus-Version MUST be a comma-separated list of protocol versions, sorted by preference",
        PROTOCOL,
        "TestCore.test_options_tells_what_the_server_can_do",
    ),
    (
        "Tus-Resumable MUST be included in every request and response except for OPTIONS requests",
        PROTOCOL,
        "TestCore.test_the_version_is_on_every_answer",
    ),
    (
        (
            "another version MUST be 412, MUST include Tus-Version, and the request "
            "MUST NOT be processed"
        ),
        PROTOCOL,
        "TestCore.test_another_version_is_412_and_nothing_is_done",
    ),
    (
        "Tus-Extension MUST be a comma-separated list of the extensions supported",
        PROTOCOL,
        "TestCore.test_options_tells_what_the_server_can_do",
    ),
    (
        "Tus-Max-Size MUST be a non-negative integer",
        PROTOCOL,
        "TestCore.test_options_tells_what_the_server_can_do",
    ),
    (
        (
            "X-HTTP-Method-Override MUST be interpreted as the request's method, the actual method "
            "MUST be ignored"
        ),
        PROTOCOL,
        "TestCore.test_the_overriding_method_counts",
    ),
    (
        "HEAD MUST always include Upload-Offset, even if it is 0 or the upload is completed",
        PROTOCOL,
        "TestCore.test_head_tells_offset_length_and_is_never_cached",
    ),
    (
        "if the size of the upload is known, HEAD MUST include Upload-Length",
        PROTOCOL,
        "TestCore.test_head_tells_offset_length_and_is_never_cached",
    ),
    (
        "the response to HEAD MUST NOT be cached: Cache-Control: no-store",
        PROTOCOL,
        "TestCore.test_head_tells_offset_length_and_is_never_cached",
    ),
    (
        (
            "Upload-Offset MUST be equal to the current offset; else the Server MUST say "
            "409 without modifying the upload"
        ),
        PROTOCOL,
        "TestCore.test_another_offset_is_409_and_changes_nothing",
    ),
    (
        "the Server MUST acknowledge PATCH with 204 and MUST include Upload-Offset",
        PROTOCOL,
        "TestCore.test_patch_is_204_with_the_new_offset",
    ),
    (
        "the new offset MUST be the offset before plus the bytes received",
        PROTOCOL,
        "TestCore.test_patch_is_204_with_the_new_offset",
    ),
    (
        "a successful OPTIONS MUST contain Tus-Version, and MUST ignore Tus-Resumable",
        PROTOCOL,
        "TestCore.test_options_tells_what_the_server_can_do",
    ),
    # Creation
    (
        "the Server MUST add creation to Tus-Extension",
        MORE,
        "test_every_extension_is_told",
    ),
    (
        "Upload-Defer-Length: the value MUST be 1",
        MORE,
        "TestDeferredLength.test_only_1_says_so",
    ),
    (
        "if the length is not deferred, Upload-Defer-Length MUST be omitted",
        MORE,
        "TestDeferredLength.test_head_says_it_until_the_length_is_told",
    ),
    (
        (
            "Upload-Metadata: key and value MUST be separated by a space; keys MUST NOT be empty, "
            "MUST NOT contain spaces and commas and MUST be unique; values MUST be Base64"
        ),
        PROTOCOL,
        "TestCreation.test_broken_metadata_is_400",
    ),
    (
        "the request MUST include Upload-Length or Upload-Defer-Length",
        MORE,
        "TestDeferredLength.test_one_of_both_is_needed",
    ),
    (
        "once set the length MUST NOT be changed",
        MORE,
        "TestDeferredLength.test_a_length_is_told_once",
    ),
    (
        "as long as the length is not known, HEAD MUST have Upload-Defer-Length: 1",
        MORE,
        "TestDeferredLength.test_head_says_it_until_the_length_is_told",
    ),
    (
        "the Server MUST add creation-defer-length to Tus-Extension",
        MORE,
        "test_every_extension_is_told",
    ),
    (
        "HEAD MUST include Upload-Metadata as specified during the creation",
        PROTOCOL,
        "TestCreation.test_head_gives_the_metadata_back_word_for_word",
    ),
    (
        "a length above the maximum MUST be 413",
        PROTOCOL,
        "TestCreation.test_a_wrong_length_is_refused",
    ),
    (
        "creation MUST be acknowledged with 201 and MUST set Location",
        PROTOCOL,
        "TestCreation.test_it_is_201_with_the_place",
    ),
    (
        "the Server MUST advertise creation-with-upload, only together with creation",
        MORE,
        "test_every_extension_is_told",
    ),
    (
        "creation with upload MUST include Upload-Offset, after applying the accepted bytes",
        PROTOCOL,
        "TestCreationWithUpload.test_the_first_bytes_may_come_along",
    ),
    # Expiration
    ("the Server MUST add expiration to Tus-Extension", MORE, "test_every_extension_is_told"),
    (
        (
            "Upload-Expires MUST be in every PATCH response if the upload will expire, and in "
            "the response to the POST if it is known; it MUST be in RFC 7231 datetime format"
        ),
        PROTOCOL,
        "TestExpiration.test_it_is_told_while_the_upload_can_expire",
    ),
    # Checksum
    ("the Server MUST add checksum to Tus-Extension", MORE, "test_every_extension_is_told"),
    (
        "once the entire request has been received, the Server MUST verify the chunk",
        PROTOCOL,
        "TestChecksum.test_the_right_one_is_stored",
    ),
    (
        "on a mismatch the chunk MUST be discarded and the offset MUST NOT be updated",
        PROTOCOL,
        "TestChecksum.test_a_wrong_one_is_460_and_nothing_is_stored",
    ),
    (
        "on an unknown algorithm the chunk MUST be discarded and the offset MUST NOT be updated",
        PROTOCOL,
        "TestChecksum.test_another_algorithm_is_400",
    ),
    (
        "the Server MUST support at least sha1",
        PROTOCOL,
        "TestChecksum.test_the_right_one_is_stored",
    ),
    (
        "the names of algorithms MUST only consist of ASCII characters, without uppercase",
        PROTOCOL,
        "TestCore.test_options_tells_what_the_server_can_do",
    ),
    (
        "Tus-Checksum-Algorithm MUST be in the response to OPTIONS, a comma-separated list",
        PROTOCOL,
        "TestCore.test_options_tells_what_the_server_can_do",
    ),
    (
        "Upload-Checksum MUST be the name and the Base64 checksum separated by a space",
        PROTOCOL,
        "TestChecksum.test_another_algorithm_is_400",
    ),
    # Termination
    ("the Server MUST announce termination", MORE, "test_every_extension_is_told"),
    (
        "DELETE of an existing upload MUST be 204",
        PROTOCOL,
        "TestTermination.test_it_is_gone_with_its_bytes",
    ),
    # Concatenation
    ("the Server MUST add concatenation to Tus-Extension", MORE, "test_every_extension_is_told"),
    (
        "the length of the final upload MUST be the sum of the lengths of all partial uploads",
        MORE,
        "TestConcatenation.test_pieces_become_one_in_the_order_of_the_list",
    ),
    (
        "Upload-Concat MUST be partial, or final, a semicolon and a list of URLs",
        MORE,
        "TestConcatenation.test_an_odd_list_is_400",
    ),
    (
        "the partial uploads MUST be concatenated in the order of the list",
        MORE,
        "TestConcatenation.test_pieces_become_one_in_the_order_of_the_list",
    ),
    (
        "Upload-Length MUST NOT be in the creation of a final upload",
        MORE,
        "TestConcatenation.test_a_final_upload_has_no_length_of_its_own",
    ),
    (
        "concatenation of unfinished uploads MUST be announced by concatenation-unfinished",
        MORE,
        "TestConcatenation.test_unfinished_pieces_are_refused",
    ),
    (
        "the partial uploads' metadata SHALL NOT be transferred to the final upload",
        MORE,
        "TestConcatenation.test_metadata_of_pieces_stay_with_them",
    ),
    (
        "PATCH of a final upload MUST be 403 and MUST NOT modify it or its pieces",
        MORE,
        "TestConcatenation.test_patch_of_the_whole_is_403",
    ),
    (
        "after concatenation Upload-Offset and Upload-Length MUST be set and equal",
        MORE,
        "TestConcatenation.test_pieces_become_one_in_the_order_of_the_list",
    ),
    (
        "HEAD of a partial upload MUST contain Upload-Offset",
        MORE,
        "TestConcatenation.test_head_of_a_piece",
    ),
    (
        "HEAD of a partial or final upload MUST include Upload-Concat as it was received",
        MORE,
        "TestConcatenation.test_head_of_a_piece",
    ),
)


def names(file: str) -> set[str]:
    tree = ast.parse((HERE / file).read_text())
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("file", [PROTOCOL, MORE])
def test_every_sentence_has_its_test(file: str) -> None:
    assert {test for _, where, test in MUSTS if where == file} - names(file) == set()
