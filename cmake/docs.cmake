# The man pages, made of the headers whenever those have changed; pirn_man_dir is where they are, empty without Python.

find_package(Python3 COMPONENTS Interpreter)
set(pirn_man_dir "")
if(Python3_FOUND)
    file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.h ${PROJECT_SOURCE_DIR}/include/pirn/*.h)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
        ${headers} ${PROJECT_SOURCE_DIR}/docs/reference/man.py ${PROJECT_SOURCE_DIR}/docs/reference/headers.py)
    execute_process(
        COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/docs/reference/man.py ${PROJECT_SOURCE_DIR}/include
                ${PROJECT_VERSION} ${PROJECT_BINARY_DIR}/man
        RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "the man pages could not be made")
    endif()
    set(pirn_man_dir ${PROJECT_BINARY_DIR}/man)
else()
    message(STATUS "No Python: the man pages are left out")
endif()
