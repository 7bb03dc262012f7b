# That the documentation is whole: every function with all its sections, listings that are built and run, no warnings, man pages
# where `man` finds them. What the contract says of the tests is looked at when all have run, by scripts/test.sh; here, that it is looked at well.

function(add_docs_test name)
    add_test(NAME docs.${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(docs.${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
endfunction()

if(Python3_FOUND)
    set(reference ${PROJECT_SOURCE_DIR}/docs/reference)
    add_docs_test(sections ${Python3_EXECUTABLE} -B ${reference}/check.py include c-tests/exports.txt)
    add_docs_test(listings ${Python3_EXECUTABLE} -B ${reference}/listings.py . README.md docs/tutorial.md docs/coming-from.md)
    add_docs_test(contract ${Python3_EXECUTABLE} -B ${reference}/test_semantics.py)
    add_docs_test(dependencies ${Python3_EXECUTABLE} -B scripts/dependencies.py check)
    add_docs_test(dependencies.test ${Python3_EXECUTABLE} -B scripts/test_dependencies.py)
    set_tests_properties(docs.dependencies docs.dependencies.test PROPERTIES ENVIRONMENT "CARGO=${PIRN_CARGO}")
    add_docs_test(man sh c-tests/man.sh ${PROJECT_BINARY_DIR}/c-tests/consumer/plain/prefix/${CMAKE_INSTALL_MANDIR})
    set_tests_properties(docs.man PROPERTIES FIXTURES_REQUIRED plain)
else()
    add_docs_test(sections sh -c "echo 'no Python'; exit 77")
endif()
# What is there is looked at; nothing is installed by a test.
add_docs_test(html ${CMAKE_COMMAND} -E env PIRN_SETUP_METHODS=system
    sh scripts/docs.sh ${PROJECT_BINARY_DIR}/html-test ${PROJECT_VERSION})
